import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../../../src/protocols/grpc/engine.js';
import type { ClientOf } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { dialerTo } from '../../../../src/transports/sockets/dial.js';
import { ProbeDefinition } from '../../../conformance/gen/probe.js';
import { firstLine } from '../../../support/first-line.js';
import { MESSAGE_BYTES, MESSAGES, messages, readSlowly, STALLS, Tally } from '../../../support/paced-stream.js';

type Client = ClientOf<typeof ProbeDefinition>;

/** What may lie between writer and reader: the stream's window, as much again read ahead, both ends' queues and sockets. */
const BETWEEN_BYTES = 4 << 20;
/** What either process may hold more than before; most of it is what the garbage collector lets lie. */
const ALLOWED_BYTES = 160 << 20;
/** Calls that are answered while the writer sends nothing: each is a turn of its event loop, and the connection carries it. */
const STANDSTILL_CALLS = 20;

/** A client of a server in a process of its own. */
async function connect(t: TestContext): Promise<Client> {
  const program = fileURLToPath(new URL('../../../fixtures/grpc/paced-server.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const address = await firstLine(child.stdout);
  const channel = createGrpcChannel({ dialer: dialerTo({ network: 'unix', address }) });
  t.after(async () => {
    await channel.close();
    child.stdin.end();
    await exited;
  });
  return createGrpcClient(channel, ProbeDefinition);
}

/** The server's tally. */
async function remote(client: Client, goOn = 0): Promise<Tally> {
  const { data } = await firstValueFrom(client.echo({ number: goOn }));
  return JSON.parse(Buffer.from(data).toString()) as Tally;
}

/** How long that may take. */
const STANDSTILL_MS = 60_000;

/** Waits until the reader has stopped, and behind it the writer: it has sent nothing more while many calls were answered. */
async function standstill(client: Client, local: Tally): Promise<{ readonly sent: number; readonly received: number }> {
  const deadline = performance.now() + STANDSTILL_MS;
  let before = -1;
  for (let calls = 0; ; calls += 1) {
    assert.ok(performance.now() < deadline, `after ${STANDSTILL_MS} ms the writer still writes, or the reader reads`);
    const far = await remote(client);
    const sent = local.sent + far.sent;
    if (sent !== before || !(local.stalled || far.stalled)) calls = 0;
    else if (calls === STANDSTILL_CALLS) return { sent, received: local.received + far.received };
    before = sent;
  }
}

async function assertStandstill(client: Client, local: Tally, quarter: number): Promise<void> {
  const { sent, received } = await standstill(client, local);
  assert.equal(received, (quarter * MESSAGES) / STALLS + 1);
  assert.ok((sent - received) * MESSAGE_BYTES <= BETWEEN_BYTES, `${sent - received} messages lie between`);
}

async function assertMemory(client: Client, local: Tally): Promise<void> {
  for (const { grownBytes } of [local, await remote(client)])
    assert.ok(grownBytes < ALLOWED_BYTES, `${grownBytes >> 20} MiB were held`);
}

test('1 GiB from the server to a slow reader: the server stops, and neither end holds more than the windows', async (t) => {
  const client = await connect(t);
  const tally = new Tally();
  let quarter = 0;
  const responses = client.produce.readable({ count: MESSAGES, size: MESSAGE_BYTES });
  await readSlowly(responses, tally, () => assertStandstill(client, tally, quarter++));
  assert.equal(quarter, STALLS);
  assert.equal(tally.received, MESSAGES);
  await assertMemory(client, tally);
});

test('1 GiB to a handler that reads slowly: the client stops, and neither end holds more than the windows', async (t) => {
  const client = await connect(t);
  const tally = new Tally();
  const answered = firstValueFrom(client.consume(messages(tally)));
  // Looked at in the end; a standstill that never comes says more.
  answered.catch(() => {});
  for (let quarter = 0; quarter < STALLS; quarter += 1) {
    await assertStandstill(client, tally, quarter);
    await remote(client, 1);
  }
  assert.equal((await answered).count, MESSAGES);
  await assertMemory(client, tally);
});
