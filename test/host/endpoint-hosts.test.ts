import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container } from 'inversify';
import { filter, firstValueFrom } from 'rxjs';
import * as merging from '../../examples/bidirectional/contract.js';
import type { KVDefinition } from '../../examples/gen/kv.js';
import { MergerDefinition, RefereeDefinition } from '../../examples/gen/merge.js';
import { pluginClientToken, pluginHostModule, pluginToken } from '../../src/di/index.js';
import { type EndpointServing, serveEndpoint } from '../../src/endpoint.js';
import { GrpcError, type HealthService, status as Status } from '../../src/grpc.js';
import { type ClientOf, createClient, implement, PluginError } from '../../src/index.js';
import { type SupervisedPlugin, supervise } from '../../src/supervise.js';
import { within } from '../support/defer.js';
import { identities, plugins, served, silent } from '../support/endpoints.js';

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);

function reaches({ state$ }: SupervisedPlugin<typeof plugins>, status: string): Promise<unknown> {
  return bounded(status, firstValueFrom(state$.pipe(filter((state) => state.status === status))));
}

for (const policy of ['wait', 'fail'] as const)
  test(`a supervised endpoint that ends and comes back, with new certificates: calls ${policy} meanwhile`, async () => {
    const [first, second] = await Promise.all([identities(), identities()]);
    let health: HealthService | undefined;
    const configure = (_server: unknown, given: HealthService): void => void (health = given);
    let serving: EndpointServing = await served({ tls: first.server, grpc: { configure } });
    const { address } = serving;
    let own = first.client;
    await using plugin = supervise({
      endpoint: { address, tls: () => own },
      plugins,
      grpc: { reconnectTimeoutMs: 1 },
      supervision: { whenDown: { policy, limitMs: 120_000 }, health: { intervalMs: 100 } },
    });
    await plugin.ready();
    const kv = await plugin.dispense('kv');
    const get = () => firstValueFrom(kv.get({ key: 'k' }));
    await get();
    health?.set({ plugin: 'NOT_SERVING' });
    await reaches(plugin, 'not-serving');
    health?.set({ plugin: 'SERVING' });
    await reaches(plugin, 'ready');
    const down = firstValueFrom(
      plugin.state$.pipe(filter(({ status }) => status !== 'ready' && status !== 'not-serving')),
    );
    await serving.close();
    await bounded('the loss', down);
    const meanwhile = get().then(
      ({ value }) => Buffer.from(value).toString(),
      (error: unknown) => error,
    );
    if (policy === 'fail') {
      const error = await bounded('the refusal', meanwhile);
      assert.ok(
        GrpcError.is(error) && error.status === Status.UNAVAILABLE && error.details.delivery === 'none',
        String(error),
      );
    }
    own = second.client;
    serving = await served({ address, tls: second.server });
    await bounded('the return', plugin.ready());
    if (policy === 'wait') assert.equal(await bounded('the answer', meanwhile), 'v');
    assert.equal(Buffer.from((await get()).value).toString(), 'v');
    await plugin.stop();
    await serving.close();
  });

test('pluginHostModule binds an endpoint, and unloading it closes the connection alone', async () => {
  const { server, client } = await identities();
  await using serving = await served({ tls: server });
  const { address } = serving;
  const container = new Container();
  const module = pluginHostModule({ store: { endpoint: { address, tls: client }, plugins } });
  container.load(module);
  const kv = await container.getAsync(pluginToken<ClientOf<typeof KVDefinition>>('store'));
  assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'k' }))).value).toString(), 'v');
  const bound = container.get(pluginClientToken('store'));
  await container.unloadAsync(module);
  assert.equal(bound.exited, true);
  await using other = createClient({ endpoint: { address, tls: client }, plugins });
  await other.start();
  await other.ping();
});

test('an endpoint that multiplexes lends and borrows over its one connection, under TLS', async () => {
  const { server, client: tls } = await identities();
  const merger = implement(merging.plugins.merger, ({ broker }) => ({
    merge: ({ ours, theirs, referee }) =>
      broker.borrow(RefereeDefinition, referee, async (judge) => {
        const decided = await firstValueFrom(
          judge.decide({ key: 'a', ours: ours['a'] ?? '', theirs: theirs['a'] ?? '' }),
        );
        return { merged: { a: decided.value } };
      }),
  }));
  await using serving = await serveEndpoint({
    address: 'localhost:0',
    tls: server,
    plugins: { merger },
    logger: silent,
    grpcBrokerMultiplex: true,
  });
  const endpoint = { address: serving.address, tls };
  const client = createClient({ endpoint, plugins: merging.plugins, grpcBrokerMultiplex: true });
  await client.start();
  const service: ClientOf<typeof MergerDefinition> = await client.dispense('merger');
  for (const value of ['one', 'another']) {
    const referee = { decide: () => ({ value }) };
    const merge = (id: number) => service.merge({ ours: { a: 'x' }, theirs: { a: 'y' }, referee: id });
    const { merged } = await bounded(
      'the merge',
      firstValueFrom(client.broker.lend(RefereeDefinition, referee, merge)),
    );
    assert.deepEqual(merged, { a: value });
  }
  await client.stop();
  await bounded('the end of the endpoint with its connection', serving.ended);
});

test('without multiplexing the broker of an endpoint over TCP is refused with a whole message', async () => {
  await using serving = await served();
  await using client = createClient({ endpoint: { address: serving.address }, plugins });
  await client.start();
  const message =
    'The broker of an endpoint cannot be used over TCP: the addresses that it announces are those of its own machine. Let both ends ' +
    'multiplex (`grpcBrokerMultiplex`), or connect by a unix socket.';
  const isIt = (error: unknown) =>
    PluginError.is(error) && error.code === 'ERR_BROKER' && error.message.includes(message);
  await assert.rejects(firstValueFrom(client.broker.acceptAndServe(client.broker.nextId(), () => {})), isIt);
  await assert.rejects(firstValueFrom(client.broker.accept(7)), isIt);
});
