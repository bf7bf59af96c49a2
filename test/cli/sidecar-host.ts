/** A host of the plugin that a sidecar has published: calls it once, says the answer, and stays. Arguments: folder and name. */
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';

const [directory = '', name = ''] = process.argv.slice(2);
const client = createClient({ sidecar: { directory, name }, handshake, plugins });
await client.start();
client.ref();
const kv = await client.dispense('kv');
const { revision } = await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
process.stdout.write(`${revision}\n`);
