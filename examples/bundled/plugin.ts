import { serve } from 'rxplug';
import { handshake } from '../grpc-kv/contract.js';
import { KvStore } from '../grpc-kv/kv-store.js';

// Not awaited: one CommonJS file has no top-level await.
void serve({ handshake, plugins: { kv: KvStore } });
