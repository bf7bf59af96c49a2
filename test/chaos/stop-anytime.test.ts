import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import { launch } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { bounded, clientOf, endOf, handshake, hasCode, plugins, reaches, serving, watchEverything } from './chaos.js';

const assertNothingLeft = watchEverything();

test('stop in the same turn as start', async () => {
  const client = clientOf('bare');
  const starting = assert.rejects(client.start(), hasCode('ERR_START_ABORTED'));
  await bounded('the end', client.stop());
  await starting;
  assert.equal((await endOf(client)).reason.kind, 'stopped');
  await assertNothingLeft();
});

for (const [state, name, ...args] of [
  ['starting/launching', 'bare'],
  ['starting/handshaking', 'hangs-before-handshake'],
  ['starting/connecting', 'never-accepts', 'handshake'],
] as const) {
  test(`stop in the state ${state}: the start is aborted, and the process is killed`, async () => {
    const client = clientOf(name, args);
    const starting = assert.rejects(client.start(), hasCode('ERR_START_ABORTED'));
    await reaches(client, state);
    await bounded('the end', client.stop());
    await starting;
    const end = await endOf(client);
    assert.equal(end.reason.kind, 'stopped');
    if (state !== 'starting/launching') assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
    await assertNothingLeft(...(client.id === '' ? [] : [Number(client.id)]));
  });
}

test('stop at the very moment that it runs: the start is done, and so is the stop', async () => {
  const client = clientOf('bare');
  let stopping: Promise<void> | undefined;
  client.state$.subscribe(({ status: now }) => {
    if (now === 'running') stopping = client.stop();
  });
  await bounded('the start', client.start());
  await bounded('the end', stopping ?? Promise.reject(new Error('never ran')));
  assert.deepEqual((await endOf(client)).exit, { code: 0, signal: null });
  await assertNothingLeft(Number(client.id));
});

test('stop with calls and a stream open: they fail, typed', async () => {
  const client = clientOf(...serving({}));
  await client.start();
  const kv = await client.dispense('kv');
  const ended = (error: unknown) =>
    GrpcError.is(error) && [status.UNAVAILABLE, status.CANCELLED].includes(error.status);
  const watching = assert.rejects(lastValueFrom(kv.watch({ prefix: '' })), ended);
  await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('1') }));
  await bounded('the end', client.stop());
  await bounded('the failure of the stream', watching);
  assert.equal((await endOf(client)).reason.kind, 'stopped');
  await assertNothingLeft(Number(client.id));
});

test('stop again, at once, later, from a listener, and after a crash: there is one end', async () => {
  for (const crashes of [false, true]) {
    const client = clientOf('bare');
    const states: string[] = [];
    const listeners: Promise<void>[] = [];
    client.state$.subscribe(({ status: now }) => {
      states.push(now);
      if (now === 'stopping') listeners.push(client.stop());
    });
    await client.start();
    if (crashes) process.kill(Number(client.id), 'SIGKILL');
    if (crashes) await endOf(client);
    await bounded('the end', Promise.all([client.stop(), client.stop(), client[Symbol.asyncDispose]()]));
    await bounded('the end again', Promise.all([client.stop(), ...listeners]));
    assert.deepEqual(states, ['idle', 'starting', 'starting', 'starting', 'running', 'stopping', 'exited']);
    assert.equal((await endOf(client)).reason.kind, crashes ? 'crashed' : 'stopped');
    await assertNothingLeft(Number(client.id));
  }
});

test('an early unsubscribe of launch, in the same turn and while it starts, leaves nothing', async () => {
  const launched$ = launch({ command: fixture('bare'), handshake, plugins });
  launched$.subscribe({ error: assert.fail }).unsubscribe();
  await new Promise<void>((resolve) => {
    const subscription = launched$.subscribe(() => {
      queueMicrotask(() => subscription.unsubscribe());
      resolve();
    });
  });
  await assertNothingLeft();
});
