import { serve } from 'rxplug';
import { KvStore } from '../grpc-kv/kv-store.js';
import { handshake } from './contract.js';

// A plugin that has not learnt version 3 yet, and still serves hosts that only know version 1.
await serve({ handshake, versionedPlugins: { 1: { kv: KvStore }, 2: { kv: KvStore } } });
