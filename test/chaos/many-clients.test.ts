import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounded, clientOf, endOf, hasCode, watchEverything } from './chaos.js';

const assertNothingLeft = watchEverything();
const twenty = () => Array.from({ length: 20 }, () => clientOf('bare'));

test('twenty clients start at once and stop at once', async () => {
  const clients = twenty();
  await bounded('the start of all', Promise.all(clients.map((client) => client.start())));
  const pids = clients.map(({ id }) => Number(id));
  assert.equal(new Set(pids).size, 20);
  await bounded('pings', Promise.all(clients.map((client) => client.ping())));
  await bounded('the end of all', Promise.all(clients.map((client) => client.stop())));
  for (const client of clients) {
    const end = await endOf(client);
    assert.equal(end.reason.kind, 'stopped');
    assert.deepEqual(end.exit, { code: 0, signal: null });
  }
  await assertNothingLeft(...pids);
});

test('twenty clients are stopped while they start, each in another turn', async () => {
  const clients = twenty();
  const ends = clients.map(async (client, turns) => {
    const starting = client.start().catch((error: unknown) => assert.ok(hasCode('ERR_START_ABORTED')(error)));
    for (let turn = 0; turn < turns * 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await client.stop();
    await starting;
  });
  await bounded('the end of all', Promise.all(ends));
  for (const client of clients) assert.equal((await endOf(client)).reason.kind, 'stopped');
  await assertNothingLeft(...clients.filter(({ id }) => id !== '').map(({ id }) => Number(id)));
});

test('twenty plugins are killed at once', async () => {
  const clients = twenty();
  await bounded('the start of all', Promise.all(clients.map((client) => client.start())));
  const pids = clients.map(({ id }) => Number(id));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  for (const client of clients) {
    const end = await endOf(client);
    assert.equal(end.reason.kind, 'crashed');
    assert.deepEqual(end.exit, { code: null, signal: 'SIGKILL' });
  }
  await assertNothingLeft(...pids);
});
