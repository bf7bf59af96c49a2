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
  { options, streams }: StartContext,
): RunnerSpec {
  const { socketDir } = where;
  return {
    env: pluginEnvironment(options, identity, where),
    ownEnv: pluginEnvironment({ ...options, skipHostEnv: true }, identity, where),
    ...(socketDir === undefined ? {} : { socketDir }),
    logger: streams.logger.named('runner'),
    ...(launch.kind === 'command' ? { process: { ...launch.process, outlivesHost: options.outlivesHost } } : {}),
  };
}

function pluginEnvironment(
  options: ResolvedClientOptions,
  identity: Identity | undefined,
  { socketDir, socketGroup }: UnixListenOptions,
): Record<string, string> {
  return hostEnvironment(
    {
      cookie: { key: options.handshake.magicCookieKey, value: options.handshake.magicCookieValue },
      minPort: options.ports.min,
      maxPort: options.ports.max,
      protocolVersions: options.versions.keys(),
      multiplex: options.grpcBrokerMultiplex,
      ...(identity === undefined ? {} : { clientCertificate: identity.certificatePem }),
      ...(socketDir === undefined ? {} : { unixSocketDir: socketDir }),
      ...(socketGroup === undefined ? {} : { unixSocketGroup: socketGroup }),
      outlivesHost: options.outlivesHost,
    },
    {
      ...(options.skipHostEnv ? {} : { inherited: process.env }),
      extra: options.env,
      ignoreCase: process.platform === 'win32',
    },
  );
}
