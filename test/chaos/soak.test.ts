import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bounded, type Client, clientOf, endOf, watchEverything } from './chaos.js';

const ROUNDS = 25;
const WARM_UP_ROUNDS = 5;
const AT_ONCE = 4;
/** For compiled code, inline caches and the test runner itself. */
const TOLERANCE_BYTES = 1_000_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Measured {
  readonly cycles: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly aliveClients: number;
}

/** One start and one stop, of a plugin that was called in between; gives its pid and a way to see whether the client is still held. */
async function cycle(): Promise<{ readonly pid: number; readonly held: WeakRef<Client> }> {
  const client = clientOf('bare');
  client.logs$.subscribe();
  await client.start();
  await client.ping();
  const pid = Number(client.id);
  await client.stop();
  assert.deepEqual((await endOf(client)).exit, { code: 0, signal: null });
  return { pid, held: new WeakRef(client) };
}

/** What is left once everything has been collected that can be. */
async function measure(cycles: number, clients: readonly WeakRef<Client>[]): Promise<Measured> {
  for (let time = 0; time < 4; time += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  const { heapUsed: heapBytes, external: externalBytes } = process.memoryUsage();
  const aliveClients = clients.filter((client) => client.deref() !== undefined).length;
  return { cycles, heapBytes, externalBytes, aliveClients };
}

test(`${ROUNDS * AT_ONCE} start/stop cycles leave handles, descriptors, listeners and memory as they were`, async (t) => {
  const assertNothingLeft = watchEverything();
  const clients: WeakRef<Client>[] = [];
  const measured: Measured[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const ended = await bounded('a round', Promise.all(Array.from({ length: AT_ONCE }, cycle)));
    clients.push(...ended.map(({ held }) => held));
    if (round % WARM_UP_ROUNDS !== 0) continue;
    await assertNothingLeft(...ended.map(({ pid }) => pid));
    measured.push(await measure(clients.length, clients));
  }
  for (const { cycles, heapBytes, externalBytes, aliveClients } of measured)
    t.diagnostic(`after ${cycles}: heap ${heapBytes} bytes, external ${externalBytes}, ${aliveClients} clients held`);
  const [first, last] = [measured[0]!, measured.at(-1)!];
  assert.equal(last.aliveClients, 0);
  assert.ok(last.heapBytes - first.heapBytes < TOLERANCE_BYTES, `${last.heapBytes - first.heapBytes} bytes more`);
  assert.ok(last.externalBytes - first.externalBytes < TOLERANCE_BYTES);
});
