/** `rxplug/relay`: plugins wherever a command gives a pipe to: over ssh, in a container that runs, in a job. */
export { serveRelay } from './runners/relay/far-end.js';
export type { RelayOptions } from './runners/relay/options.js';
export { relayRunner } from './runners/relay/relay-runner.js';
