/** A plugin that, once it serves, writes zeros to its standard output as fast as they are read. */
import { once } from 'node:events';
import { handshake } from '../../../examples/grpc-kv/contract.js';
import { KvStore } from '../../../examples/grpc-kv/kv-store.js';
import { serve } from '../../../src/index.js';

const chunk = Buffer.alloc(65_536);
const serving = serve({ handshake, plugins: { kv: KvStore } });
let served = false;
void serving.finally(() => (served = true));
while (!served) {
  if (!process.stdout.write(chunk)) await Promise.race([once(process.stdout, 'drain'), serving]);
}
