import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import type { YamuxOptions } from '../../../src/transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import type { YamuxStream } from '../../../src/transports/yamux/stream.js';
import { createYamuxDecoder } from '../../../src/wire/yamux/decoder.js';
import { encodeYamuxHeader, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { within } from '../../support/defer.js';

/** Longer than anything takes on a busy machine; reached only by a failing test. */
export const LONG_MS = 30_000;

/** A connected pair of unix sockets: what was dialed, and what was accepted. */
export async function socketPair(): Promise<[dialed: Socket, accepted: Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 'yx-'));
  try {
    const path = join(directory, 's');
    const server = createServer();
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const dialed = createConnection(path);
    const pair: [Socket, Socket] = [dialed, await within(LONG_MS, 'the connection', accepted)];
    server.close();
    return pair;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface SessionPair extends AsyncDisposable {
  readonly client: YamuxSession;
  readonly server: YamuxSession;
}

/** Two sessions that face each other over a unix socket. */
export async function sessionPair(options: YamuxOptions = {}, connections?: [Duplex, Duplex]): Promise<SessionPair> {
  const [dialed, accepted] = connections ?? (await socketPair());
  const client = createYamuxSession(dialed, { ...options, role: 'client' });
  const server = createYamuxSession(accepted, { ...options, role: 'server' });
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close(), server.close()]);
    },
  };
}

/** A stream as both of its ends see it, opened by `from`. */
export async function streamPair(from: YamuxSession, to: YamuxSession): Promise<[YamuxStream, YamuxStream]> {
  const accepted = nextStream(to);
  const opened = await from.open();
  return [opened, await accepted];
}

export function nextStream(session: YamuxSession): Promise<YamuxStream> {
  return within(LONG_MS, 'an incoming stream', firstValueFrom(session.stream$));
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
  readonly payload: Buffer;
}

/** A peer under the test's own control: it sends what it is told and answers nothing. */
export class RawPeer implements AsyncDisposable {
  readonly socket: Socket;
  readonly #frames: Frame[] = [];
  readonly #waiters: (() => void)[] = [];
  #current: { frame: Omit<Frame, 'payload'>; pieces: Uint8Array[] } | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = createYamuxDecoder({
      onHeader: (type, flags, streamId, length) => {
        this.#current = { frame: { type, flags, streamId, length }, pieces: [] };
        if (type !== YamuxFrameType.data || length === 0) this.#complete();
      },
      onPayload: (piece, remaining) => {
        this.#current!.pieces.push(piece);
        if (remaining === 0) this.#complete();
      },
    });
    socket.on('data', (chunk) => decoder.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#wake(true));
    socket.on('end', () => this.#wake(true));
  }

  /** Frames that came and were not taken. */
  get pending(): readonly Frame[] {
    return this.#frames;
  }

  send(type: number, flags: number, streamId: number, length: number, payload?: Uint8Array): void {
    this.socket.write(encodeYamuxHeader({ type, flags, streamId, length }));
    if (payload !== undefined) this.socket.write(payload);
  }

  /** The next frame; rejects when the connection ends before. */
  async next(): Promise<Frame> {
    await this.#until(() => this.#frames.length > 0);
    const frame = this.#frames.shift();
    if (frame === undefined) throw new Error('the connection ended, a frame was expected');
    return frame;
  }

  /** All frames up to the end of the connection. */
  async rest(): Promise<Frame[]> {
    await this.#until(() => this.#ended);
    return this.#frames.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (!this.socket.closed) await new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
  }

  #complete(): void {
    const { frame, pieces } = this.#current!;
    this.#frames.push({ ...frame, payload: Buffer.concat(pieces) });
    this.#wake(false);
  }

  #wake(ended: boolean): void {
    this.#ended ||= ended;
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#ended) {
      await within(LONG_MS, 'a frame', new Promise<void>((resolve) => this.#waiters.push(resolve)));
    }
  }
}

/** A session, server by default, whose peer is raw. */
export async function rawPair(
  options: YamuxOptions & { role?: 'client' | 'server' } = {},
): Promise<{ peer: RawPeer; session: YamuxSession } & AsyncDisposable> {
  const [dialed, accepted] = await socketPair();
  const peer = new RawPeer(dialed);
  const session = createYamuxSession(accepted, { keepAlive: false, role: 'server', ...options });
  return {
    peer,
    session,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      await session.close();
    },
  };
}

/** Everything up to the end. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await within(
    LONG_MS,
    'the end of a stream',
    new Promise<void>((resolve, reject) => {
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      stream.once('end', resolve);
      stream.once('error', reject);
      stream.once('close', () => reject(new Error('closed before its end')));
    }),
  );
  return Buffer.concat(chunks);
}

/** Exactly this many bytes, in paused mode, so that what follows stays in the stream. */
export function readExactly(stream: Readable, bytes: number): Promise<Buffer> {
  const whole = new Promise<Buffer>((resolve) => {
    // One listener for all: to listen anew while too few bytes are there makes a Readable emit without end.
    const onReadable = (): void => {
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk === null) return;
      stream.off('readable', onReadable);
      resolve(chunk);
    };
    stream.on('readable', onReadable);
  });
  return within(LONG_MS, `${bytes} bytes`, whole);
}

export async function event(emitter: NodeJS.EventEmitter, name: string): Promise<unknown> {
  return within(LONG_MS, `the event ${name}`, new Promise((resolve) => emitter.once(name, resolve)));
}

/** Bytes that differ from their neighbours and repeat late, so that a shift or a swap shows. */
export function pattern(bytes: number, seed = 1): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[index] = state >>> 24;
  }
  return out;
}
