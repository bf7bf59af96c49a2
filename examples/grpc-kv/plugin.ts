import { serve } from 'rxplug';
import { handshake } from './contract.js';
import { KvStore } from './kv-store.js';

await serve({
  handshake,
  plugins: { kv: KvStore },
  onShutdown: () => console.log('closing the store'),
});
