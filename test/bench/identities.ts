import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedAuthority } from '../../src/transports/tls/certificate.js';
import type { TlsConfig } from '../../src/transports/tls/tls.js';

/** Directories with cert.pem, key.pem and ca.pem of two ends that trust each other, as AutoMTLS makes them. */
export interface Identities extends AsyncDisposable {
  readonly client: string;
  readonly server: string;
}

export async function makeIdentities(): Promise<Identities> {
  const authority = selfSignedAuthority();
  const [client, server] = await Promise.all([authority.issue(), authority.issue()]);
  const directories = [
    [client, server],
    [server, client],
  ].map(([own, peer]) => {
    const directory = mkdtempSync(join(tmpdir(), 'b-'));
    writeFileSync(join(directory, 'cert.pem'), own!.certificatePem);
    writeFileSync(join(directory, 'key.pem'), own!.keyPem);
    writeFileSync(join(directory, 'ca.pem'), peer!.certificatePem);
    return directory;
  });
  return {
    client: directories[0]!,
    server: directories[1]!,
    async [Symbol.asyncDispose]() {
      for (const directory of directories) rmSync(directory, { recursive: true });
    },
  };
}

/** The identity in a directory, for either role. */
export function tlsOf(directory: string): TlsConfig & Record<'cert' | 'key' | 'ca', Buffer> {
  const read = (name: string) => readFileSync(join(directory, name));
  return { cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem'), serverName: 'localhost' };
}
