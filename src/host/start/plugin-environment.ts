import type { ProcessDescription } from '../../processes/this-process.js';
import type { RunnerSpec } from '../../runners/runner.js';
import type { UnixListenOptions } from '../../transports/sockets/unix.js';
import type { Identity } from '../../transports/tls/certificate.js';
import { hostEnvironment } from '../../wire/handshake/environment.js';
import type { StartLaunch } from '../launch-options.js';
import type { ResolvedClientOptions } from '../options.js';
import type { PluginSockets } from './plugin-sockets.js';
import type { StartContext } from './start-context.js';

/** What the runner of a plugin gets: its environment, socket directory, logger and command. */
export function runnerSpec(
  launch: StartLaunch,
  { where }: PluginSockets,
  identity: Identity | undefined,
  hostProcess: ProcessDescription,
  { options, streams }: StartContext,
): RunnerSpec {
  const { socketDir } = where;
  return {
    env: pluginEnvironment(options, identity, hostProcess, where),
    // Containers, sandboxes and relays ask for it, and processes do not.
    get ownEnv() {
      return pluginEnvironment({ ...options, skipHostEnv: true }, identity, hostProcess, where);
    },
    ...(socketDir === undefined ? {} : { socketDir }),
    logger: streams.logger.named('runner'),
    ...(launch.kind === 'command' ? { process: { ...launch.process, outlivesHost: options.outlivesHost } } : {}),
  };
}

function pluginEnvironment(
  options: ResolvedClientOptions,
  identity: Identity | undefined,
  hostProcess: ProcessDescription,
  { socketDir, socketGroup }: UnixListenOptions,
): Record<string, string> {
  const { magicCookieKey: key, magicCookieValue: value } = options.handshake;
  return hostEnvironment(
    {
      cookie: { key, value },
      minPort: options.ports.min,
      maxPort: options.ports.max,
      protocolVersions: options.versions.keys(),
      multiplex: options.grpcBrokerMultiplex,
      ...(identity === undefined ? {} : { clientCertificate: identity.certificatePem }),
      ...(socketDir === undefined ? {} : { unixSocketDir: socketDir }),
      ...(socketGroup === undefined ? {} : { unixSocketGroup: socketGroup }),
      outlivesHost: options.outlivesHost,
      ...(options.name === undefined ? {} : { pluginName: options.name }),
      hostProcess: { ...hostProcess, cookie: `${key}=${value}` },
    },
    {
      ...(options.skipHostEnv ? {} : { inherited: process.env }),
      extra: options.env,
      ignoreCase: process.platform === 'win32',
    },
  );
}
