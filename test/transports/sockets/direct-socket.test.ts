import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { acceptDirect, connectDirect, readDirectly } from '../../../src/transports/sockets/direct-socket.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Connected {
  readonly near: Socket;
  readonly far: Socket;
  readonly server: Server;
}

/** A direct socket of either kind and the far end of its connection. */
async function connected(t: TestContext, kind: 'connected' | 'accepted'): Promise<Connected> {
  const directory = mkdtempSync(join(tmpdir(), 'd-'));
  const path = join(directory, 's');
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const accepting = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => resolve(kind === 'accepted' ? acceptDirect(socket) : socket));
  });
  const options = { path, allowHalfOpen: true };
  const dialed = kind === 'accepted' ? connect(options) : connectDirect(options);
  const accepted = await accepting;
  if (dialed.connecting) await once(dialed, 'connect');
  const [near, far] = kind === 'accepted' ? [accepted, dialed] : [dialed, accepted];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { near, far, server };
}

/** Sends `bytes` and the end. */
function send(far: Socket, bytes: Buffer): void {
  Readable.from([bytes]).pipe(far);
}

const BYTES = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 31) >>> 3));

for (const kind of ['connected', 'accepted'] as const) {
  test(`${kind}: a reader gets every byte, in memory that is used again, and then the end`, async (t) => {
    const { near, far } = await connected(t, kind);
    const received: Buffer[] = [];
    const memory = new Set<ArrayBufferLike>();
    near.on('data', (chunk: Buffer) => received.push(chunk));
    readDirectly(near, (chunk) => {
      memory.add(chunk.buffer);
      received.push(Buffer.from(chunk));
    });
    const ended = once(near, 'end');
    send(far, BYTES);
    await ended;
    assert.ok(Buffer.concat(received).equals(BYTES));
    assert.equal(memory.size, 1);
  });

  test(`${kind}: bytes that came before the reader are delivered first`, async (t) => {
    const { near, far } = await connected(t, kind);
    far.write(BYTES.subarray(0, 500_000));
    while (near.readableLength === 0) await turn();
    const order: string[] = [];
    const received: Buffer[] = [];
    near.on('data', (chunk: Buffer) => {
      order.push('data');
      received.push(chunk);
    });
    readDirectly(near, (chunk) => {
      order.push('direct');
      received.push(Buffer.from(chunk));
    });
    const ended = once(near, 'end');
    send(far, BYTES.subarray(500_000));
    await ended;
    assert.ok(Buffer.concat(received).equals(BYTES));
    assert.deepEqual([...new Set(order)], ['data', 'direct']);
  });

  test(`${kind}: without a reader it is an ordinary socket, with backpressure`, async (t) => {
    const { near, far } = await connected(t, kind);
    send(far, BYTES);
    while (near.readableLength < near.readableHighWaterMark) await turn();
    for (let turns = 0; turns < 20; turns++) await turn();
    assert.ok(near.readableLength < 300_000, `${near.readableLength} bytes wait`);
    const received: Buffer[] = [];
    for await (const chunk of near as AsyncIterable<Buffer>) received.push(chunk);
    assert.ok(Buffer.concat(received).equals(BYTES));
  });
}

test('a reader has no effect on other connections', async () => {
  const other = new PassThrough();
  readDirectly(other, () => assert.fail('called'));
  other.write('x');
  assert.equal(String((await once(other, 'data'))[0]), 'x');
});

test('an accepted socket stays half-open and is counted among the connections of its server', async (t) => {
  const { near, far, server } = await connected(t, 'accepted');
  const count = () => new Promise((resolve) => server.getConnections((_error, number) => resolve(number)));
  assert.equal(await count(), 1);
  const ended = once(near, 'end');
  far.end('x');
  near.resume();
  await ended;
  const closed = once(near, 'close');
  near.end('y');
  assert.equal(String((await once(far, 'data'))[0]), 'y');
  await closed;
  await turn();
  assert.equal(await count(), 0);
});

test('a connection without a file descriptor is used as it is', (t) => {
  const socket = new Socket();
  t.after(() => socket.destroy());
  assert.equal(acceptDirect(socket), socket);
});
