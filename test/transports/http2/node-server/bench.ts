import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { duplexPair } from '../../../../src/testing/duplex-pair.js';
import type {
  HeaderList,
  Http2ClientSession,
  Http2Options,
  Http2Stream,
  Http2StreamEvents,
} from '../../../../src/transports/http2/interfaces.js';
import { connectHttp2 } from '../../../../src/transports/http2/open-session.js';
import { defer } from '../../../support/defer.js';

export const REQUEST: HeaderList = [
  ':method',
  'POST',
  ':scheme',
  'http',
  ':authority',
  'x',
  ':path',
  '/a/b',
  'te',
  'trailers',
];

/** A client session of ours, what it reported, and the ends of its connection. */
export interface Bench {
  readonly session: Http2ClientSession;
  readonly connection: Duplex;
  readonly far: Duplex;
  readonly ready: Promise<void>;
  readonly goAway: Promise<number>;
  readonly closed: Promise<Error | undefined>;
  /** How often `onClose` and `onReady` came. */
  readonly counts: { close: number; ready: number };
}

export function connect(options?: Http2Options, [connection, far]: [Duplex, Duplex] = duplexPair()): Bench {
  const ready = defer();
  const goAway = defer<number>();
  const closed = defer<Error | undefined>();
  const counts = { close: 0, ready: 0 };
  const onReady = () => {
    counts.ready++;
    ready.resolve();
  };
  const onClose = (error?: Error) => {
    counts.close++;
    closed.resolve(error);
  };
  const session = connectHttp2(connection, { onReady, onGoAway: goAway.resolve, onClose }, options);
  far.on('error', () => {});
  return { session, connection, far, ready: ready.promise, goAway: goAway.promise, closed: closed.promise, counts };
}

export type Handler = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void;

export function serve(far: Duplex, handler: Handler, settings = {}): Promise<ServerHttp2Session> {
  const server = createServer({ settings });
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    handler(stream, headers);
  });
  const session = once(server, 'session').then(([first]) => first as ServerHttp2Session);
  server.emit('connection', far);
  return session;
}

/** A receiver that writes down what happens, and consumes at once unless told otherwise. */
export class Recorder implements Http2StreamEvents {
  readonly log: string[] = [];
  readonly headers: HeaderList[] = [];
  readonly #over = defer();
  readonly #drained: (() => void)[] = [];
  stream: Http2Stream | undefined;
  received = 0;
  consume = true;

  get over(): Promise<void> {
    return this.#over.promise;
  }

  drain(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  open(session: Http2ClientSession, endStream = false, headers = REQUEST): Http2Stream {
    this.stream = session.open(headers, this, endStream);
    return this.stream;
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.log.push(endStream ? 'headers+end' : 'headers');
    this.headers.push(headers);
    if (endStream) this.#over.resolve();
  }

  onData(chunk: Uint8Array): void {
    if (this.log.at(-1) !== 'data') this.log.push('data');
    this.received += chunk.length;
    if (this.consume) this.stream?.consume(chunk.length);
  }

  onTrailers(trailers: HeaderList): void {
    this.log.push('trailers');
    this.headers.push(trailers);
  }

  onEnd(): void {
    this.log.push('end');
    this.#over.resolve();
  }

  onReset(code: number, error?: Error): void {
    this.log.push(error === undefined ? `reset ${code}` : 'lost');
    this.#over.resolve();
  }

  onDrain(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

export const answer: Handler = (stream) => {
  stream.respond({ ':status': 200, twice: ['a', 'b'] }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'blob-bin': ['AQ', 'Ag'] }));
  stream.pipe(stream);
};

export const respondOnly: Handler = (stream) => stream.respond({ ':status': 200 });

export function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);
}

export async function finish(bench: Bench): Promise<void> {
  bench.session.destroy();
  await bench.closed;
  assert.equal(bench.counts.close, 1);
}
