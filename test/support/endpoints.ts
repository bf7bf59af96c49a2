import { KVDefinition } from '../../examples/gen/kv.js';
import { plugins as kvPlugins } from '../../examples/grpc-kv/contract.js';
import { type ServeEndpointOptions, serveEndpoint } from '../../src/endpoint.js';
import { selfSignedAuthority } from '../../src/grpc.js';
import { createLogger, implement, type TlsConfig, unimplemented } from '../../src/index.js';

export const plugins = { kv: kvPlugins.kv };

export const silent = createLogger({ write: () => {} });

/** TLS of both ends, each with a certificate of its own that the other trusts. */
export interface EndpointTls {
  readonly server: TlsConfig;
  readonly client: TlsConfig;
}

export async function identities(): Promise<EndpointTls> {
  const [server, client] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  return {
    server: { cert: server.certificatePem, key: server.keyPem, ca: client.certificatePem },
    client: { cert: client.certificatePem, key: client.keyPem, ca: server.certificatePem },
  };
}

type Store = Parameters<typeof implement<typeof plugins.kv>>[1];

/** A store that answers `get` with `v`, at an address of its own. */
export function served(options: Partial<ServeEndpointOptions> = {}, store: Partial<Store> = {}) {
  const answers = { get: () => ({ value: Buffer.from('v'), revision: 1n }), ...store };
  const kv = implement(plugins.kv, { ...unimplemented(KVDefinition), ...answers });
  return serveEndpoint({ address: 'localhost:0', plugins: { kv }, logger: silent, ...options });
}
