import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, map, NEVER, of, toArray } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { createGrpcClient, GrpcError, status } from '../../src/grpc.js';
import { type CallContext, grpcPlugin } from '../../src/index.js';
import { createGrpcConnection, createGrpcPair } from '../../src/testing/index.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';
import { defer, within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { JOINTS } from './joints.js';

const assertTempDirEmpty = ownTempDir();
const value = Buffer.from('1');
const store = () => new KvStore(SILENT_LOGGER);

for (const [title, joint] of JOINTS) {
  test(`over ${title}: a client calls its service in all four kinds, and errors come back typed`, async () => {
    await using pair = await createGrpcPair(KVDefinition, store(), joint);
    const { client } = pair;
    assert.deepEqual(await firstValueFrom(client.put({ key: 'a', value })), { revision: 1n });
    const imported$ = client.import(of({ key: 'b', value }, { key: 'c', value }));
    assert.deepEqual(await firstValueFrom(imported$), { entries: 2, bytes: 2n });
    const keys$ = client.watch({ prefix: '', existing: true }).pipe(map(({ key }) => key));
    assert.equal(await firstValueFrom(keys$), 'a');
    const answers$ = client.sync(of({ id: 7, command: { $case: 'get' as const, get: { key: 'b' } } }));
    assert.equal((await lastValueFrom(answers$.pipe(toArray()))).length, 1);
    await assert.rejects(
      firstValueFrom(client.get({ key: 'nope' })),
      (error) => GrpcError.is(error) && error.status === status.NOT_FOUND,
    );
  });

  test(`over ${title}: disposing ends calls in flight at both ends, and leaves nothing`, async () => {
    const [begun, cancelled] = [defer(), defer()];
    const service = {
      ...bound(store()),
      watch: (_: unknown, { signal }: CallContext) => {
        begun.resolve();
        signal.addEventListener('abort', () => cancelled.resolve());
        return NEVER;
      },
    };
    const pair = await createGrpcPair(plugins.kv, service, joint);
    const watching = lastValueFrom(pair.client.watch({}));
    await within(5000, 'the call', begun.promise);
    await Promise.all([assert.rejects(watching, (error) => GrpcError.is(error)), pair.dispose(), pair.dispose()]);
    await within(5000, 'the end of the call', cancelled.promise);
    assertTempDirEmpty();
  });
}

test('a contract of two functions gives what its client side makes, with the options of the client', async () => {
  const seen: string[] = [];
  const doubled = grpcPlugin<{ size(): Promise<number> }, { items: string[] }>({
    client: ({ channel, clientOptions }) => {
      const kv = createGrpcClient(channel, KVDefinition, clientOptions);
      return { size: () => lastValueFrom(kv.import(of()).pipe(map(({ entries }) => entries * 2))) };
    },
    serve: (server, service) =>
      server.addService(KVDefinition, {
        ...bound(store()),
        import: () => of({ entries: service.items.length }),
      }),
  });
  await using pair = await createGrpcPair(
    doubled,
    { items: ['a', 'b'] },
    {
      client: {
        interceptors: [
          (call, next) => {
            seen.push(call.path);
            return next(call);
          },
        ],
      },
    },
  );
  assert.equal(await pair.client.size(), 4);
  assert.deepEqual(seen, ['/kv.v1.KV/Import']);
});

test('a channel and a server with services of one’s own choice', async () => {
  await using connection = await createGrpcConnection((server) => server.addService(KVDefinition, store()));
  assert.equal(connection.channel.state.status, 'ready');
  const client = createGrpcClient(connection.channel, KVDefinition);
  assert.deepEqual(await firstValueFrom(client.put({ key: 'a', value })), { revision: 1n });
});

test('a pair that cannot be connected rejects, and leaves nothing', async () => {
  const tls = { client: {} };
  await assert.rejects(createGrpcPair(KVDefinition, store(), { transport: 'unix', tls }), { code: 'ERR_TLS' });
  assertTempDirEmpty();
});

/** The methods of a service, for a service of which some are other ones. */
function bound(kv: KvStore) {
  return {
    get: kv.get.bind(kv),
    put: kv.put.bind(kv),
    watch: kv.watch.bind(kv),
    import: kv.import.bind(kv),
    sync: kv.sync.bind(kv),
  };
}
