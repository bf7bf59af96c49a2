import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type {
  HeaderList,
  Http2ClientSession,
  Http2Engine,
  Http2Options,
  Http2Stream,
  Http2StreamEvents,
} from '../../src/transports/http2/engine.js';
import { deferred } from '../support/deferred.js';
import { duplexPair } from '../support/duplex-pair.js';

const REQUEST: HeaderList = [
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

/** Everything that a client session reported, and the ends of the connection. */
interface Bench {
  readonly session: Http2ClientSession;
  readonly connection: Duplex;
  readonly far: Duplex;
  readonly ready: Promise<void>;
  readonly goAway: Promise<number>;
  readonly closed: Promise<Error | undefined>;
  /** How often `onClose` and `onReady` came. */
  readonly counts: { close: number; ready: number };
}

function connect(engine: Http2Engine, options?: Http2Options): Bench {
  const [connection, far] = duplexPair();
  const ready = deferred();
  const goAway = deferred<number>();
  const closed = deferred<Error | undefined>();
  const counts = { close: 0, ready: 0 };
  const onReady = () => {
    counts.ready++;
    ready.resolve();
  };
  const onClose = (error?: Error) => {
    counts.close++;
    closed.resolve(error);
  };
  const session = engine.connect(connection, { onReady, onGoAway: goAway.resolve, onClose }, options);
  far.on('error', () => {});
  return { session, connection, far, ready: ready.promise, goAway: goAway.promise, closed: closed.promise, counts };
}

type Handler = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void;

function serve(far: Duplex, handler: Handler, settings = {}): Promise<ServerHttp2Session> {
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
class Recorder implements Http2StreamEvents {
  readonly log: string[] = [];
  readonly headers: HeaderList[] = [];
  readonly #over = deferred();
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

const answer: Handler = (stream) => {
  stream.respond({ ':status': 200, twice: ['a', 'b'] }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'blob-bin': ['AQ', 'Ag'] }));
  stream.pipe(stream);
};

const respondOnly: Handler = (stream) => stream.respond({ ':status': 200 });

function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);
}

async function finish(bench: Bench): Promise<void> {
  bench.session.destroy();
  await bench.closed;
  assert.equal(bench.counts.close, 1);
}

/** What every HTTP/2 engine has to do, told on the wire by node's own server. */
export function http2EngineContract(name: string, engine: Http2Engine): void {
  streams(name, engine);
  backpressure(name, engine);
  resets(name, engine);
  endings(name, engine);
  strangers(name, engine);
}

function streams(name: string, engine: Http2Engine): void {
  test(`${name}: a stream carries headers, data and trailers both ways`, async () => {
    const bench = connect(engine);
    const seen = deferred<Record<string, unknown>>();
    void serve(bench.far, (stream, headers) => {
      seen.resolve(headers);
      answer(stream, headers);
    });
    const call = new Recorder();
    const stream = call.open(bench.session, false, [...REQUEST, 'k', '1', 'k', '2']);
    stream.write(Buffer.from('hello '), false);
    stream.write(Buffer.from('world'), true);
    await call.over;
    assert.equal((await seen.promise)['k'], '1, 2');
    assert.deepEqual(call.log, ['headers', 'data', 'trailers', 'end']);
    assert.equal(call.received, 11);
    assert.deepEqual(call.headers[0]!.slice(0, 2), [':status', '200']);
    assert.deepEqual(valuesOf(call.headers[0]!, 'twice'), ['a', 'b']);
    assert.deepEqual(valuesOf(call.headers[1]!, 'blob-bin'), ['AQ', 'Ag']);
    await finish(bench);
  });

  test(`${name}: a response of headers alone ends with them`, async () => {
    const bench = connect(engine);
    void serve(bench.far, (stream) => stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }));
    const call = new Recorder();
    call.open(bench.session, true);
    await call.over;
    await bench.session.ping(5000);
    assert.deepEqual(call.log, ['headers+end']);
    await finish(bench);
  });

  test(`${name}: a response without trailers ends without them`, async () => {
    const bench = connect(engine);
    void serve(bench.far, (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
    for (const endStream of [true, false]) {
      const call = new Recorder();
      const stream = call.open(bench.session, endStream);
      await call.over;
      assert.deepEqual(call.log, ['headers', 'data', 'end']);
      stream.reset(8);
    }
    await finish(bench);
  });

  test(`${name}: streams over the peer’s limit wait and are then served`, async () => {
    const bench = connect(engine);
    let open = 0;
    let most = 0;
    const session = serve(
      bench.far,
      (stream, headers) => {
        most = Math.max(most, ++open);
        stream.once('close', () => open--);
        setImmediate(() => answer(stream, headers));
      },
      { maxConcurrentStreams: 2 },
    );
    await bench.ready;
    await session;
    const calls = Array.from({ length: 20 }, () => new Recorder());
    for (const call of calls) call.open(bench.session, true);
    await Promise.all(calls.map((call) => call.over));
    assert.ok(most <= 2, `${most} streams were open at once`);
    assert.ok(calls.every((call) => call.log.at(-1) === 'end'));
    await finish(bench);
  });
}

function backpressure(name: string, engine: Http2Engine): void {
  test(`${name}: 8 MiB each way pass through the windows`, async () => {
    const bench = connect(engine);
    void serve(bench.far, answer);
    const call = new Recorder();
    const stream = call.open(bench.session);
    stream.write(Buffer.alloc(8 * 1024 * 1024), true);
    await call.over;
    assert.equal(call.received, 8 * 1024 * 1024);
    await finish(bench);
  });

  test(`${name}: a receiver that does not consume stops the sender within the window`, async () => {
    const bench = connect(engine, { streamWindowBytes: 128 * 1024 });
    const total = 4 * 1024 * 1024;
    void serve(bench.far, (stream, headers) => {
      if (headers[':path'] === '/small') return stream.respond({ ':status': 200 }, { endStream: true });
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(total));
    });
    const call = new Recorder();
    call.consume = false;
    const stream = call.open(bench.session, true);
    for (let round = 0; round < 50; round++) await bench.session.ping(5000);
    assert.ok(call.received > 0 && call.received <= 256 * 1024, `${call.received} bytes came unasked`);
    const other = new Recorder();
    other.open(bench.session, true, [':method', 'POST', ':scheme', 'http', ':authority', 'x', ':path', '/small']);
    await other.over;
    call.consume = true;
    stream.consume(call.received);
    await call.over;
    assert.equal(call.received, total);
    await finish(bench);
  });

  test(`${name}: a peer that does not read holds the writer until it reads`, async () => {
    const bench = connect(engine);
    const accepted = deferred<ServerHttp2Stream>();
    void serve(bench.far, (stream) => {
      stream.respond({ ':status': 200 });
      accepted.resolve(stream);
    });
    const call = new Recorder();
    const stream = call.open(bench.session);
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    while (stream.write(chunk)) {
      written += chunk.length;
      assert.ok(written < 16 * 1024 * 1024, 'the writer was never held back');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const drained = call.drain();
    let read = 0;
    (await accepted.promise).on('data', (data: Buffer) => {
      read += data.length;
    });
    await drained;
    stream.write(chunk, true);
    await once(await accepted.promise, 'end');
    assert.equal(read, written + 2 * chunk.length);
    await finish(bench);
  });
}

function resets(name: string, engine: Http2Engine): void {
  for (const code of [2, 7, 8, 11]) {
    test(`${name}: RST_STREAM ${code} of the peer ends the stream with that code, once`, async () => {
      const bench = connect(engine);
      void serve(bench.far, (stream) => {
        stream.respond({ ':status': 200 });
        stream.write('x');
        stream.close(code);
      });
      const call = new Recorder();
      const stream = call.open(bench.session);
      await call.over;
      await bench.session.ping(5000);
      assert.equal(call.log.at(-1), `reset ${code}`);
      assert.equal(call.log.filter((entry) => entry.startsWith('reset')).length, 1);
      stream.write(Buffer.from('into the void'));
      stream.end();
      stream.reset(8);
      await finish(bench);
    });
  }

  test(`${name}: reset reaches the peer with its code and is silent here`, async () => {
    const bench = connect(engine);
    const closed = deferred<number>();
    const reached = deferred();
    void serve(bench.far, (stream) => {
      respondOnly(stream, {});
      reached.resolve();
      stream.once('close', () => closed.resolve(stream.rstCode));
    });
    const call = new Recorder();
    const stream = call.open(bench.session);
    await reached.promise;
    stream.reset(8);
    stream.reset(8);
    assert.equal(await closed.promise, 8);
    await bench.session.ping(5000);
    assert.ok(!call.log.some((entry) => entry.startsWith('reset')));
    await finish(bench);
  });

  test(`${name}: a header list over the limit costs its stream, not the session`, async () => {
    const bench = connect(engine, { maxHeaderListBytes: 4096 });
    void serve(bench.far, (stream, headers) => {
      const value = headers[':path'] === '/big' ? 'v'.repeat(8000) : 'v';
      stream.respond({ ':status': 200, value }, { endStream: true });
    });
    await bench.ready;
    await bench.session.ping(5000);
    const big = new Recorder();
    big.open(bench.session, true, [':method', 'POST', ':scheme', 'http', ':authority', 'x', ':path', '/big']);
    await big.over;
    assert.match(big.log.at(-1)!, /^reset/);
    const small = new Recorder();
    small.open(bench.session, true);
    await small.over;
    assert.deepEqual(small.log, ['headers+end']);
    await finish(bench);
  });
}

function endings(name: string, engine: Http2Engine): void {
  test(`${name}: a lost connection ends every stream and closes once, with an error`, async () => {
    const bench = connect(engine);
    void serve(bench.far, respondOnly);
    const calls = [new Recorder(), new Recorder()];
    for (const call of calls) call.open(bench.session);
    await bench.session.ping(5000);
    const pinged = bench.session.ping(5000);
    bench.far.destroy();
    await assert.rejects(pinged);
    const error = await bench.closed;
    assert.ok(error instanceof Error);
    assert.equal(bench.session.usable, false);
    for (const call of calls) assert.equal(call.log.at(-1), 'lost');
    assert.throws(() => new Recorder().open(bench.session), { code: 'ERR_CLOSED' });
    assert.equal(bench.connection.destroyed, true);
    await finish(bench);
  });

  test(`${name}: after GOAWAY open streams go on, no new ones start, and the end is clean`, async () => {
    const bench = connect(engine);
    const held = deferred<ServerHttp2Stream>();
    const far = await serve(bench.far, (stream) => held.resolve(stream));
    const call = new Recorder();
    call.open(bench.session, true);
    const stream = await held.promise;
    far.goaway(0, 1);
    assert.equal(await bench.goAway, 0);
    assert.equal(bench.session.usable, false);
    assert.throws(() => new Recorder().open(bench.session), { code: 'ERR_CLOSED' });
    answer(stream, {});
    await call.over;
    assert.equal(call.log.at(-1), 'end');
    assert.equal(await bench.closed, undefined);
  });

  test(`${name}: GOAWAY with an error ends the session with the peer’s words`, async () => {
    const bench = connect(engine);
    const far = await serve(bench.far, respondOnly);
    await bench.ready;
    far.goaway(11, 0, Buffer.from('too_many_pings'));
    const error = await bench.closed;
    assert.match(String(error?.message), /GOAWAY 11.*too_many_pings/);
  });

  test(`${name}: close waits for the open streams`, async () => {
    const bench = connect(engine);
    const held = deferred<ServerHttp2Stream>();
    void serve(bench.far, (stream) => held.resolve(stream));
    const call = new Recorder();
    call.open(bench.session, true);
    const stream = await held.promise;
    const closing = bench.session.close();
    assert.equal(bench.session.usable, false);
    answer(stream, {});
    await closing;
    assert.equal(call.log.at(-1), 'end');
    assert.equal(await bench.closed, undefined);
    await bench.session.close();
  });

  test(`${name}: destroy resets the streams and hands its reason to onClose`, async () => {
    const bench = connect(engine);
    void serve(bench.far, respondOnly);
    const call = new Recorder();
    call.open(bench.session);
    const reason = new Error('enough');
    bench.session.destroy(reason);
    bench.session.destroy();
    assert.equal(await bench.closed, reason);
    assert.deepEqual(call.log, ['lost']);
    await finish(bench);
  });
}

const GARBAGE: readonly (readonly [what: string, bytes: Uint8Array | string])[] = [
  ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['a TLS alert', Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70, 0, 0, 0, 0, 0, 0)],
  ['random bytes', Uint8Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) & 255)],
];

function strangers(name: string, engine: Http2Engine): void {
  test(`${name}: readiness is told once, and ping measures the way`, async () => {
    const bench = connect(engine);
    const far = await serve(bench.far, respondOnly);
    await bench.ready;
    far.settings({ maxConcurrentStreams: 7 });
    assert.ok((await bench.session.ping(5000)) >= 0);
    await bench.session.ping(5000);
    assert.equal(bench.counts.ready, 1);
    await finish(bench);
    await assert.rejects(bench.session.ping(5000));
  });

  test(`${name}: a ping that nobody answers fails in time`, async () => {
    const bench = connect(engine);
    const keepAlive = setInterval(() => {}, 1000);
    await assert.rejects(bench.session.ping(20), /PING|ping/);
    clearInterval(keepAlive);
    assert.equal(bench.counts.ready, 0);
    await finish(bench);
  });

  for (const [what, bytes] of GARBAGE) {
    test(`${name}: a peer that sends ${what} is not ready and ends the session with an error`, async () => {
      const bench = connect(engine);
      const call = new Recorder();
      call.open(bench.session, true);
      bench.far.resume();
      bench.far.write(bytes);
      const error = await bench.closed;
      assert.ok(error instanceof Error);
      assert.equal(call.log.at(-1), 'lost');
      assert.equal(bench.counts.ready, 0);
      await finish(bench);
    });
  }

  test(`${name}: a peer that closes at once ends the session with an error`, async () => {
    const bench = connect(engine);
    bench.far.destroy();
    assert.ok((await bench.closed) instanceof Error);
    await finish(bench);
  });

  test(`${name}: a peer that stops in the middle of a frame ends the session with an error`, async () => {
    const bench = connect(engine);
    bench.far.resume();
    bench.far.end(Uint8Array.of(0, 0, 18, 4, 0));
    assert.ok((await bench.closed) instanceof Error);
    await finish(bench);
  });
}
