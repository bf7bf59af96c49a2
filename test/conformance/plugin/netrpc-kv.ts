import type { ServiceOfContract } from 'rxplug';
import type { kv } from '../netrpc-contracts.js';
import type { Store } from './store.js';

/** KVRPC of `test/conformance/go/contract`, over a store. */
export function netRpcKv(store: Store): ServiceOfContract<typeof kv> {
  const listed = (prefix: string) =>
    store.list(prefix).map(({ key, value = new Uint8Array(0), revision }) => {
      return { Key: key, Value: value, Revision: Number(revision) };
    });
  return {
    Put: ({ Key, Value }) => {
      if (Key === '') throw new Error('the key is empty');
      return Number(store.put(Key, Value));
    },
    Get: (key) => {
      const entry = store.get(key);
      if (entry?.value === undefined) throw new Error(`no such key: ${key}`);
      return { Value: entry.value, Revision: Number(entry.revision) };
    },
    Delete: (key) => store.delete(key),
    List: listed,
    Snapshot: () => Object.fromEntries(listed('').map(({ Key, Value }) => [Key, Value])),
  };
}
