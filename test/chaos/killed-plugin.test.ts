import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerModule } from 'inversify';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { RUNNER } from '../../src/di/index.js';
import { GrpcError, status } from '../../src/grpc.js';
import { commandRunner, createClient } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import {
  bounded,
  type Client,
  clientOf,
  endOf,
  handshake,
  hasCode,
  plugins,
  reaches,
  serving,
  watchEverything,
} from './chaos.js';

const assertNothingLeft = watchEverything();
const kill = (client: Client) => process.kill(Number(client.id), 'SIGKILL');

test('kill -9 of the plugin while it is launched', async () => {
  let pid = 0;
  const deadly = new ContainerModule(({ bind }) => {
    bind(RUNNER).toConstantValue((spec) => {
      const runner = commandRunner(spec);
      const start = runner.start.bind(runner);
      runner.start = (startOptions) => {
        const started = start(startOptions);
        pid = Number(runner.id);
        process.kill(pid, 'SIGKILL');
        return started;
      };
      return runner;
    });
  });
  const command = fixture('hangs-before-handshake');
  const client = createClient({ command, handshake, plugins, modules: [deadly] });
  await assert.rejects(bounded('the failure', client.start()), hasCode('ERR_EXITED_EARLY'));
  assert.deepEqual((await endOf(client)).exit, { code: null, signal: 'SIGKILL' });
  await assertNothingLeft(pid);
});

for (const [state, name, ...args] of [
  ['starting/handshaking', 'hangs-before-handshake'],
  ['starting/connecting', 'never-accepts', 'handshake'],
] as const) {
  test(`kill -9 of the plugin in the state ${state}`, async () => {
    const client = clientOf(name, args);
    const starting = assert.rejects(client.start(), hasCode('ERR_EXITED_EARLY'));
    await reaches(client, state);
    const pid = Number(client.id);
    kill(client);
    await bounded('the failure', starting);
    const end = await endOf(client);
    assert.equal(end.reason.kind === 'crashed' || end.reason.kind === 'failed', true);
    assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
    await assertNothingLeft(pid);
  });
}

const connections = [
  ['in clear', {}],
  ['under AutoMTLS', { autoMtls: true }],
  ['multiplexed', { grpcBrokerMultiplex: true }],
  ['multiplexed under AutoMTLS', { autoMtls: true, grpcBrokerMultiplex: true }],
] as const;
for (const [how, options] of connections)
  test(`kill -9 of the plugin while it runs, with a call in flight and a stream open, ${how}`, async () => {
    const client = clientOf(...serving({}), options);
    await client.start();
    const pid = Number(client.id);
    const kv = await client.dispense('kv');
    const unavailable = (error: unknown) => GrpcError.is(error) && error.status === status.UNAVAILABLE;
    const watching = assert.rejects(lastValueFrom(kv.watch({ prefix: '' })), unavailable);
    await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('1') }));
    if (process.platform !== 'win32') process.kill(pid, 'SIGSTOP');
    const putting = assert.rejects(lastValueFrom(kv.put({ key: 'b', value: Buffer.from('2') })), unavailable);
    kill(client);
    await bounded('the failure of the calls', Promise.all([watching, putting]));
    const end = await endOf(client);
    assert.equal(end.reason.kind, 'crashed');
    assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
    await assert.rejects(client.ping(), hasCode('ERR_PLUGIN_EXITED'));
    await client.stop();
    await assertNothingLeft(pid);
  });

test('kill -9 of the plugin while it stops: it was stopped, whatever it died of', async () => {
  const client = clientOf(...serving({ onShutdown: 'hang', deadlineMs: 600_000 }), { stopGraceMs: 600_000 });
  await client.start();
  const pid = Number(client.id);
  const stopping = client.stop();
  await reaches(client, 'stopping');
  process.kill(pid, 'SIGKILL');
  await bounded('the end', stopping);
  const end = await endOf(client);
  assert.equal(end.reason.kind, 'stopped');
  assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
  await assertNothingLeft(pid);
});

test('a plugin that kills itself when it is asked to end has been stopped', async () => {
  const client = clientOf(...serving({ onShutdown: 'die' }));
  await client.start();
  const pid = Number(client.id);
  await bounded('the end', Promise.all([client.stop(), client.stop()]));
  const end = await endOf(client);
  assert.equal(end.reason.kind, 'stopped');
  assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
  await assertNothingLeft(pid);
});
