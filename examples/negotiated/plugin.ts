import { serve } from 'rxplug';
import { KvStore } from '../grpc-kv/kv-store.js';
import { handshake } from './contract.js';

// This plugin does not support version 3 yet, and still supports version 1.
await serve({ handshake, versionedPlugins: { 1: { kv: KvStore }, 2: { kv: KvStore } } });
