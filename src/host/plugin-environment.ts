import type { Identity } from '../transports/certificate.js';
import { hostEnvironment } from '../wire/environment.js';
import type { ResolvedClientOptions } from './options.js';

/** The complete environment of a plugin. */
export function pluginEnvironment(
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
