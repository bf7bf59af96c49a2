import type { Runner, RunnerFactory, RunnerSpec } from '../runners/runner.js';
import type { Identity } from '../transports/certificate.js';
import { hostEnvironment } from '../wire/environment.js';
import type { ResolvedClientOptions } from './options.js';
import type { HostParts } from './parts.js';

/** Makes the runner that the options ask for, with the complete environment of the plugin. Nothing is started yet. */
export async function createRunner(
  options: ResolvedClientOptions,
  parts: HostParts,
  identity: Identity | undefined,
  socketDir: string | undefined,
): Promise<Runner> {
  const env = environmentOf(options, identity, socketDir);
  const spec: RunnerSpec = socketDir === undefined ? { env } : { env, socketDir };
  const { command, cwd, runner } = options.launch;
  if (command === undefined) return (runner as RunnerFactory)(spec);
  return parts.createRunner({ command, env, ...(cwd === undefined ? {} : { cwd }) });
}

function environmentOf(
  options: ResolvedClientOptions,
  identity: Identity | undefined,
  socketDir: string | undefined,
): Record<string, string> {
  return hostEnvironment(
    {
      cookie: { key: options.handshake.magicCookieKey, value: options.handshake.magicCookieValue },
      minPort: options.ports.min,
      maxPort: options.ports.max,
      protocolVersions: options.versions.keys(),
      ...(identity === undefined ? {} : { clientCertificate: identity.certificatePem }),
      ...(socketDir === undefined ? {} : { unixSocketDir: socketDir }),
    },
    {
      ...(options.skipHostEnv ? {} : { inherited: process.env }),
      extra: options.env,
      ignoreCase: process.platform === 'win32',
    },
  );
}
