/** `rxplug/sandbox`: plugins in a sandbox of the kernel's namespaces, made by bubblewrap (Linux). */
export { type GrantedSandbox, type SandboxGrants, sandboxOf } from './runners/sandbox/grants.js';
export type { SandboxOptions } from './runners/sandbox/options.js';
export { sandboxRunner } from './runners/sandbox/sandbox-runner.js';
