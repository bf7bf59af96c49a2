import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { GrpcError, status } from '../../src/grpc.js';
import { bounded, clientOf, endOf, hasCode, nameOf, reaches, serving, watchEverything } from './chaos.js';

const assertNothingLeft = watchEverything();
const posix = { skip: process.platform === 'win32' ? 'no process can be stopped here' : false };
const KILLED = { code: null, signal: 'SIGKILL' };

for (const [state, startTimeoutMs] of [
  ['starting/handshaking', 1000],
  ['starting/connecting', 6000],
] as const) {
  test(`SIGSTOP in the state ${state}: the start times out, and the plugin is killed`, posix, async () => {
    const client = clientOf('bare', [], { startTimeoutMs });
    // In the very turn: before the host has said a word.
    client.state$.subscribe((now) => nameOf(now) === state && process.kill(Number(client.id), 'SIGSTOP'));
    await assert.rejects(bounded('the failure', client.start()), hasCode('ERR_START_TIMEOUT'));
    const end = await endOf(client);
    assert.equal(end.reason.kind, 'failed');
    assert.deepEqual(end.exit, KILLED);
    await assertNothingLeft(Number(client.id));
  });
}

test('SIGSTOP while it runs: a ping fails in time, calls wait, stop kills, and the calls fail', posix, async () => {
  const client = clientOf(...serving({}), { stopGraceMs: 200, pingTimeoutMs: 200 });
  await client.start();
  const pid = Number(client.id);
  const kv = await client.dispense('kv');
  process.kill(pid, 'SIGSTOP');
  const failed = (error: unknown) => GrpcError.is(error) && error.status === status.CANCELLED;
  const calling = assert.rejects(lastValueFrom(kv.put({ key: 'a', value: Buffer.from('1') })), failed);
  await assert.rejects(client.ping(), hasCode('ERR_PING'));
  await bounded('the end', client.stop());
  await bounded('the failure of the call', calling);
  const end = await endOf(client);
  assert.equal(end.reason.kind, 'stopped');
  assert.deepEqual(end.exit, KILLED);
  await assertNothingLeft(pid);
});

test('SIGSTOP and SIGCONT while it runs: nothing has happened', posix, async () => {
  const client = clientOf(...serving({}));
  await client.start();
  const pid = Number(client.id);
  const kv = await client.dispense('kv');
  process.kill(pid, 'SIGSTOP');
  const put = firstValueFrom(kv.put({ key: 'a', value: Buffer.from('1') }));
  process.kill(pid, 'SIGCONT');
  await bounded('the answer', put);
  await client.stop();
  assert.deepEqual((await endOf(client)).exit, { code: 0, signal: null });
  await assertNothingLeft(pid);
});

test('SIGSTOP while it stops: it is killed after the grace', posix, async () => {
  const client = clientOf(...serving({ onShutdown: 'hang', deadlineMs: 600_000 }), { stopGraceMs: 500 });
  await client.start();
  const pid = Number(client.id);
  const stopping = client.stop();
  await reaches(client, 'stopping');
  process.kill(pid, 'SIGSTOP');
  await bounded('the end', stopping);
  const end = await endOf(client);
  assert.equal(end.reason.kind, 'stopped');
  assert.deepEqual(end.exit, KILLED);
  await assertNothingLeft(pid);
});
