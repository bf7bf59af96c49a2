/**
 * One end of the yamux benchmark, as test/interop/yamux/go/bench is: `node yamux-peer.js CARRIER SOCKET serve` or
 * `… throughput DURATION CHUNK STREAMS`, `… streams DURATION CONCURRENT`, `… echo DURATION SIZE INFLIGHT`, with the duration in
 * milliseconds. CARRIER is yamux or raw. Prints how much it did per second, after a second to warm up.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';

const [carrier, path = '', job, ...rest] = process.argv.slice(2);
const args = rest.map(Number);
const WARM_MS = 1000;

type Open = () => Promise<Duplex>;

process.once('SIGTERM', () => process.exit());
if (job === 'serve') serve();
else await drive();

function serve(): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    if (carrier === 'raw') answer(socket);
    else createYamuxSession(socket, { role: 'server' }).stream$.subscribe(answer);
  }).listen(path, () => console.log('ready'));
}

/** Returns what comes for a first byte of 'E'; for 'S' swallows everything up to the end and then sends one byte. */
function answer(stream: Duplex): void {
  stream.on('error', () => {});
  stream.once('data', (first: Buffer) => {
    if (first[0] === 0x45) {
      if (first.length > 1) stream.write(first.subarray(1));
      stream.pipe(stream);
      return;
    }
    stream.on('data', () => {});
    stream.on('end', () => stream.end('k'));
  });
}

async function drive(): Promise<void> {
  const open = await dialer();
  const jobs = { throughput, streams, echo };
  const run = jobs[job as keyof typeof jobs];
  const [durationMs = 0] = args;
  await run(open, performance.now() + WARM_MS);
  const start = performance.now();
  const amount = await run(open, start + durationMs);
  console.log(JSON.stringify({ rate: (amount * 1000) / (performance.now() - start) }));
  process.exit();
}

async function dialer(): Promise<Open> {
  const dial = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ path, allowHalfOpen: true }, () => resolve(socket));
      socket.once('error', reject);
    });
  if (carrier === 'raw') return dial;
  const session = createYamuxSession(await dial(), { role: 'client' });
  return () => session.open();
}

async function throughput(open: Open, endMs: number): Promise<number> {
  const [, chunk = 0, count = 1] = args;
  const sent = await Promise.all(Array.from({ length: count }, async () => pump(await open(), endMs, chunk)));
  return sent.reduce((sum, bytes) => sum + bytes, 0);
}

function pump(stream: Duplex, endMs: number, chunk: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    stream.on('error', reject);
    stream.once('data', () => resolve(sent));
    stream.write('S');
    const bytes = Buffer.alloc(chunk);
    const more = (): void => {
      while ((sent & 0xfffff) !== 0 || performance.now() < endMs) {
        sent += chunk;
        if (!stream.write(bytes)) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
  });
}

async function streams(open: Open, endMs: number): Promise<number> {
  const [, concurrent = 1] = args;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (; performance.now() < endMs; done++) await roundTrip(await open());
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return done;
}

function roundTrip(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('end', () => (bytes === 1 ? resolve() : reject(new Error(`${bytes} bytes came back`))));
    stream.end('Ex');
  });
}

async function echo(open: Open, endMs: number): Promise<number> {
  const [, size = 0, inFlight = 1] = args;
  const stream = await open();
  const message = Buffer.alloc(size);
  stream.write('E');
  return new Promise((resolve, reject) => {
    let sent = 0;
    let bytes = 0;
    const send = (): void => {
      while (sent - Math.floor(bytes / size) < inFlight) {
        sent++;
        stream.write(message);
      }
    };
    stream.on('error', reject);
    stream.on('end', () => resolve(sent));
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (performance.now() < endMs) send();
      else if (!stream.writableEnded) stream.end();
    });
    send();
  });
}
