import { implement } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import { plugins } from './contract.js';

interface Entry {
  readonly value: Uint8Array;
  readonly revision: bigint;
}

/** A store in memory, for each plugin one. Its log entries come out in the host's log. */
export const store = implement(plugins.store, ({ logger }) => {
  const entries = new Map<string, Entry>();
  return {
    put({ key, value }) {
      const revision = (entries.get(key)?.revision ?? 0n) + 1n;
      entries.set(key, { value, revision });
      logger.info('stored', { key, bytes: value.byteLength });
      return { revision };
    },
    get({ key }) {
      const entry = entries.get(key);
      if (entry === undefined) throw new GrpcError(status.NOT_FOUND, `there is no value for ${JSON.stringify(key)}`);
      return { value: entry.value };
    },
  };
});
