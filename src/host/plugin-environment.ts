import type { RunnerSpec } from '../runners/runner.js';
import type { UnixListenOptions } from '../transports/sockets/unix.js';
import type { Identity } from '../transports/tls/certificate.js';
import { hostEnvironment } from '../wire/handshake/environment.js';
import type { ResolvedClientOptions } from './options.js';

/** What a runner is told: the complete environment of the plugin, with and without the host's own, and where its sockets go. */
export function runnerSpec(
  options: ResolvedClientOptions,
  identity: Identity | undefined,
  sockets: UnixListenOptions,
): RunnerSpec {
  const { socketDir } = sockets;
  const env = pluginEnvironment(options, identity, sockets);
  const ownEnv = pluginEnvironment({ ...options, skipHostEnv: true }, identity, sockets);
  return { env, ownEnv, ...(socketDir === undefined ? {} : { socketDir }) };
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
