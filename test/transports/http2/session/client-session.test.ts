import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { duplexPair } from '../../../../src/testing/duplex-pair.js';
import type { HeaderList, Http2ClientSession, Http2Options } from '../../../../src/transports/http2/interfaces.js';
import { connectHttp2 } from '../../../../src/transports/http2/open-session.js';
import { encodeGoAway, encodeSettings } from '../../../../src/wire/http2/frame-encoder.js';
import { FrameFlag, FrameType, Http2ErrorCode, Setting } from '../../../../src/wire/http2/frames.js';
import { defer } from '../../../support/defer.js';
import { dataFrame, frame, RawPeer, resetFrame } from '../raw-peer.js';
import { REQUEST, RESPONSE, TRAILERS } from '../server-bench.js';

const END = FrameFlag.endHeaders | FrameFlag.endStream;
const { protocolError, streamClosed, refusedStream, noError, enhanceYourCalm } = Http2ErrorCode;

interface ClientBench {
  readonly session: Http2ClientSession;
  readonly peer: RawPeer;
  readonly closed: Promise<Error | undefined>;
  readonly goAways: number[];
  open(endStream?: boolean, headers?: HeaderList): Call;
}

class Call {
  readonly log: string[] = [];
  readonly #over = defer();
  stream = undefined as unknown as ReturnType<Http2ClientSession['open']>;

  /** The response is complete, or the stream was reset. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  onHeaders(_headers: HeaderList, endStream: boolean): void {
    this.#note(endStream ? 'headers+end' : 'headers', endStream);
  }

  onData(chunk: Uint8Array): void {
    this.stream.consume(chunk.length);
    this.#note(`data ${chunk.length}`);
  }

  onTrailers(): void {
    this.#note('trailers');
  }

  onEnd(): void {
    this.#note('end', true);
  }

  onReset(code: number, error?: Error): void {
    this.#note(error === undefined ? `reset ${code}` : `reset ${code} with ${error.name}`, true);
  }

  onDrain(): void {}

  #note(what: string, over = false): void {
    this.log.push(what);
    if (over) this.#over.resolve();
  }
}

function clientBench(options: Http2Options = {}, wellBehaved = true): ClientBench {
  const [near, far] = duplexPair();
  const closed = defer<Error | undefined>();
  const goAways: number[] = [];
  const events = { onClose: closed.resolve, onGoAway: (code: number) => void goAways.push(code) };
  const session = connectHttp2(near, events, options);
  const open = (endStream = false, headers = REQUEST) => {
    const call = new Call();
    call.stream = session.open(headers, call, endStream);
    return call;
  };
  return { session, open, goAways, closed: closed.promise, peer: new RawPeer(far, 'server', wellBehaved) };
}

async function finish(bench: ClientBench): Promise<void> {
  bench.session.destroy();
  await bench.closed;
}

suite('responses', () => {
  test('headers, data and trailers are delivered in order, and nothing after the end', async () => {
    const bench = clientBench();
    const { peer } = bench;
    const call = bench.open(true);
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, true, REQUEST]);
    peer.send(peer.headers(1, RESPONSE), dataFrame(1, 5), peer.headers(1, TRAILERS, END));
    await call.over;
    assert.deepEqual(call.log, ['headers', 'data 5', 'trailers', 'end']);
    await finish(bench);
    assert.equal(call.log.at(-1), 'end');
  });

  test('interim responses are skipped', async () => {
    const bench = clientBench();
    const { peer } = bench;
    const call = bench.open(true);
    await peer.nextOf('headers', 1);
    peer.send(peer.headers(1, [':status', '100']), peer.headers(1, [':status', '103', 'a', 'b']));
    peer.send(peer.headers(1, RESPONSE, END));
    await call.over;
    assert.deepEqual(call.log, ['headers+end']);
    await finish(bench);
  });

  const broken: Record<string, (peer: RawPeer) => Uint8Array[]> = {
    'a response without :status': (peer) => [peer.headers(1, ['a', 'b'])],
    'a response with :path': (peer) => [peer.headers(1, [...RESPONSE, ':path', '/'])],
    'an interim response that ends': (peer) => [peer.headers(1, [':status', '100'], END)],
    'trailers that do not end': (peer) => [peer.headers(1, RESPONSE), peer.headers(1, TRAILERS)],
    'a pseudo field in trailers': (peer) => [peer.headers(1, RESPONSE), peer.headers(1, RESPONSE, END)],
    'data before headers': () => [dataFrame(1, 1)],
  };
  for (const [what, frames] of Object.entries(broken)) {
    test(`${what} is PROTOCOL_ERROR for both ends of the stream`, async () => {
      const bench = clientBench();
      const call = bench.open();
      await bench.peer.nextOf('headers', 1);
      bench.peer.send(...frames(bench.peer));
      await call.over;
      assert.equal(call.log.at(-1), `reset ${protocolError}`);
      assert.deepEqual(await bench.peer.nextOf('resetStream', 1), ['resetStream', 1, protocolError]);
      await bench.session.ping(5000);
      await finish(bench);
    });
  }

  test('a complete response is no error when the server then stops reading the request', async () => {
    const bench = clientBench();
    const { peer } = bench;
    const call = bench.open();
    await peer.nextOf('headers', 1);
    peer.send(peer.headers(1, [...RESPONSE, ...TRAILERS], END), resetFrame(1, noError));
    await bench.session.ping(5000);
    assert.deepEqual(call.log, ['headers+end']);
    assert.equal(call.stream.write(new Uint8Array(1 << 20)), true);
    call.stream.end();
    await finish(bench);
    assert.deepEqual(call.log, ['headers+end']);
  });

  test('frames for a stream that was reset are ignored, and their window is given back', async () => {
    const bench = clientBench({ connectionWindowBytes: 65_535 });
    const { peer } = bench;
    for (let id = 1; id < 60; id += 2) {
      const call = bench.open();
      await peer.nextOf('headers', id);
      call.stream.reset(8);
      await peer.nextOf('resetStream', id);
      peer.send(peer.headers(id, RESPONSE), dataFrame(id, 16_000), peer.headers(id, TRAILERS, END));
      await bench.session.ping(5000);
      assert.deepEqual(call.log, []);
    }
    await finish(bench);
  });

  test('responses to six thousand cancelled calls are ignored, however late they come', async () => {
    const bench = clientBench({ connectionWindowBytes: 65_535 });
    const { peer } = bench;
    const ids = Array.from({ length: 6000 }, (_, index) => 2 * index + 1);
    for (const id of ids) {
      const call = bench.open(true);
      await peer.nextOf('headers', id);
      call.stream.reset(8);
    }
    await peer.nextOf('resetStream', ids.at(-1));
    for (const id of ids) {
      peer.send(peer.headers(id, [...RESPONSE, 'n', String(id)]), dataFrame(id, 100), peer.headers(id, TRAILERS, END));
    }
    await bench.session.ping(5000);
    const call = bench.open(true);
    peer.send(peer.headers(12_001, [...RESPONSE, 'n', '1'], END));
    await call.over;
    assert.deepEqual(call.log, ['headers+end']);
    await finish(bench);
  });

  test('frames after the trailers are ignored: gRPC for C++ repeats trailers behind RST_STREAM', async () => {
    const bench = clientBench();
    const { peer } = bench;
    const other = bench.open(true);
    for (const endStream of [true, false]) {
      const call = bench.open(endStream);
      const [, id] = (await peer.next(([kind, id]) => kind === 'headers' && id !== 1)) as [string, number];
      const trailers = [...RESPONSE, 'grpc-status', '4'];
      peer.send(peer.headers(id, trailers, END), resetFrame(id, noError), peer.headers(id, TRAILERS, END));
      peer.send(dataFrame(id, 10, true), resetFrame(id, noError));
      await bench.session.ping(5000);
      assert.deepEqual(call.log, ['headers+end']);
    }
    assert.deepEqual(await peer.nextOf('resetStream', 5), ['resetStream', 5, streamClosed]);
    peer.send(peer.headers(1, RESPONSE, END));
    await other.over;
    assert.deepEqual(other.log, ['headers+end']);
    await finish(bench);
  });
});

suite('protocol violations', () => {
  const violations: Record<string, readonly [code: number, frames: (peer: RawPeer) => Uint8Array[]]> = {
    'headers on an idle stream': [protocolError, (peer) => [peer.headers(3, RESPONSE)]],
    'headers on a stream of its own': [protocolError, (peer) => [peer.headers(2, RESPONSE)]],
    'data on an idle stream': [protocolError, () => [dataFrame(5, 1)]],
    'a push': [protocolError, () => [frame(FrameType.pushPromise, 4, 1, Uint8Array.of(0, 0, 0, 2, 0x82))]],
    'a stray CONTINUATION': [protocolError, () => [frame(FrameType.continuation, 4, 1)]],
    'a wrong HPACK index': [
      Http2ErrorCode.compressionError,
      () => [frame(FrameType.headers, 4, 1, Uint8Array.of(0xff, 0x40))],
    ],
    'a wrong frame size': [Http2ErrorCode.frameSizeError, () => [frame(FrameType.ping, 0, 0, new Uint8Array(7))]],
  };
  for (const [what, [code, frames]] of Object.entries(violations)) {
    test(`${what} ends the session with GOAWAY ${code}, and every stream with the reason`, async () => {
      const bench = clientBench();
      const call = bench.open(true);
      await bench.peer.nextOf('headers', 1);
      bench.peer.send(...frames(bench.peer));
      const goAway = await bench.peer.nextOf('goAway');
      assert.equal(goAway[2], code);
      const error = await bench.closed;
      assert.equal(error?.name, 'ProtocolError');
      assert.ok(Buffer.from(String(goAway[3]), 'hex').toString().startsWith('HTTP/2 '));
      assert.equal(call.log.at(-1), 'reset 8 with ProtocolError');
      assert.equal(bench.session.usable, false);
    });
  }
});

suite('concurrency', () => {
  test('before the SETTINGS of the peer at most 100 streams are open', async () => {
    const bench = clientBench({}, false);
    const { peer } = bench;
    for (let index = 0; index < 150; index += 1) bench.open(true);
    await peer.nextOf('headers', 199);
    assert.ok(!peer.events.some(([kind, id]) => kind === 'headers' && Number(id) > 199));
    peer.send(encodeSettings([]));
    await peer.nextOf('headers', 299);
    await finish(bench);
  });

  test('the peer’s limit is honoured when it shrinks, grows, and when streams end', async () => {
    const bench = clientBench();
    const { peer } = bench;
    peer.send(encodeSettings([Setting.maxConcurrentStreams, 2]));
    await bench.session.ping(5000);
    const calls = Array.from({ length: 6 }, () => bench.open(true));
    await bench.session.ping(5000);
    const opened = () => peer.events.filter(([kind]) => kind === 'headers').map(([, id]) => id);
    assert.deepEqual(opened(), [1, 3]);
    peer.send(peer.headers(1, RESPONSE, END));
    await calls[0]!.over;
    await bench.session.ping(5000);
    assert.deepEqual(opened(), [1, 3, 5]);
    calls[3]!.stream.reset(8);
    calls[1]!.stream.reset(8);
    await bench.session.ping(5000);
    assert.deepEqual(opened(), [1, 3, 5, 7]);
    peer.send(encodeSettings([Setting.maxConcurrentStreams, 50]));
    await bench.session.ping(5000);
    assert.deepEqual(opened(), [1, 3, 5, 7, 9]);
    assert.deepEqual(calls[3]!.log, []);
    await finish(bench);
  });

  test('data that was written while a stream waited follows its headers', async () => {
    const bench = clientBench();
    const { peer } = bench;
    peer.send(encodeSettings([Setting.maxConcurrentStreams, 0]));
    await bench.session.ping(5000);
    const written = bench.open();
    written.stream.write(Buffer.from('ab'));
    written.stream.write(Buffer.from('c'), true);
    const ended = bench.open();
    ended.stream.end();
    bench.open(true);
    peer.send(encodeSettings([Setting.maxConcurrentStreams, 10]));
    assert.deepEqual((await peer.nextOf('headers', 1))[2], false);
    assert.deepEqual((await peer.nextOf('dataEnd', 1)).slice(3), [true, '616263']);
    assert.deepEqual((await peer.nextOf('headers', 3))[2], false);
    assert.deepEqual((await peer.nextOf('dataEnd', 3)).slice(3), [true, '']);
    assert.deepEqual((await peer.nextOf('headers', 5))[2], true);
    await finish(bench);
  });

  test('the queue of waiting streams is bounded', async () => {
    const bench = clientBench({ maxWaitingStreams: 3 });
    bench.peer.send(encodeSettings([Setting.maxConcurrentStreams, 1]));
    await bench.session.ping(5000);
    for (let index = 0; index < 4; index += 1) bench.open(true);
    assert.throws(() => bench.open(true), { code: 'ERR_LIMIT_EXCEEDED' });
    await finish(bench);
  });

  test('headers that cannot be encoded throw at once, also for a stream that would wait', async () => {
    const bench = clientBench();
    assert.throws(() => bench.open(true, [...REQUEST, 'k', '\u20ac']), { code: 'ERR_OPTIONS' });
    bench.peer.send(encodeSettings([Setting.maxConcurrentStreams, 0]));
    await bench.session.ping(5000);
    assert.throws(() => bench.open(true, [...REQUEST, 'k', '\u20ac']), { code: 'ERR_OPTIONS' });
    await finish(bench);
  });
});

suite('go-away', () => {
  test('streams above the last id and waiting ones are refused, the others go on', async () => {
    const bench = clientBench();
    const { peer } = bench;
    peer.send(encodeSettings([Setting.maxConcurrentStreams, 2]));
    await bench.session.ping(5000);
    const calls = [bench.open(true), bench.open(true), bench.open(true)];
    await peer.nextOf('headers', 3);
    peer.send(encodeGoAway(0x7fffffff, noError), encodeGoAway(1, noError));
    await calls[1]!.over;
    assert.deepEqual(
      calls.map(({ log }) => log),
      [[], [`reset ${refusedStream}`], [`reset ${refusedStream}`]],
    );
    assert.deepEqual(bench.goAways, [noError]);
    peer.send(peer.headers(1, RESPONSE, END));
    await calls[0]!.over;
    assert.equal(await bench.closed, undefined);
    assert.equal((await peer.nextOf('goAway'))[2], noError);
  });

  test('when the connection ends after a GOAWAY with an error, open streams end with the reason of the GOAWAY', async () => {
    const bench = clientBench();
    const call = bench.open(true);
    await bench.peer.nextOf('headers', 1);
    bench.peer.send(encodeGoAway(1, enhanceYourCalm, 'too_many_pings'));
    await bench.session.ping(5000);
    assert.deepEqual(call.log, []);
    bench.peer.end();
    await call.over;
    assert.match(String((await bench.closed)?.message), /GOAWAY 11 \(ENHANCE_YOUR_CALM\): "too_many_pings"/);
    assert.equal(call.log.at(-1), 'reset 8 with ProtocolError');
  });
});
