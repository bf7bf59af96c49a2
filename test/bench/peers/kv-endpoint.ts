/** The key-value store as a service, under mutual TLS with the identity in the directory of its first argument. Prints its address. */
import { createLogger } from 'rxplug';
import { serveEndpoint } from 'rxplug/endpoint';
import { KvStore } from '../../../examples/grpc-kv/kv-store.js';
import { tlsOf } from '../identities.js';

const tls = tlsOf(process.argv[2] ?? '');
const logger = createLogger({ write: () => {} });
const serving = await serveEndpoint({ address: 'localhost:0', tls, plugins: { kv: KvStore }, logger });
console.log(serving.address);
process.stdin.resume().once('end', () => void serving.close());
await serving.ended;
