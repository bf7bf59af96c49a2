import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeGoAway, encodeSettings } from '../../../../src/wire/http2/frame-encoder.js';
import { FrameFlag, FrameType, Http2ErrorCode, Setting } from '../../../../src/wire/http2/frames.js';
import { dataFrame, frame, resetFrame, windowFrame } from '../raw-peer.js';
import { REQUEST, RESPONSE, type ServerBench, serveBench, TRAILERS } from '../server-bench.js';

const END = FrameFlag.endHeaders | FrameFlag.endStream;
const { protocolError, flowControlError, streamClosed, refusedStream, enhanceYourCalm, noError } = Http2ErrorCode;

async function finish(bench: ServerBench): Promise<void> {
  bench.session.destroy();
  await bench.closed;
}

/** The connection ends with GOAWAY of this code, and `onClose` tells why. */
async function expectGoAway(bench: ServerBench, code: number): Promise<void> {
  const goAway = await bench.peer.nextOf('goAway');
  assert.equal(goAway[2], code);
  const error = await bench.closed;
  assert.ok(error instanceof Error);
}

/** Payload of a padded DATA frame without data. */
function padded(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes + 1 }, (_, index) => (index === 0 ? bytes : 0));
}

async function expectReset(bench: ServerBench, streamId: number, code: number): Promise<void> {
  assert.deepEqual(await bench.peer.nextOf('resetStream', streamId), ['resetStream', streamId, code]);
}

suite('streams', () => {
  test('a request with body and trailers is answered with headers, data and trailers, in this order', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST), dataFrame(1, 10), peer.headers(1, ['k', 'v'], END));
    const { log, stream, headers, received, over } = await bench.accepted().then(async (first) => {
      await first.over;
      return first;
    });
    await over;
    assert.deepEqual(headers, REQUEST);
    assert.equal(received, 10);
    assert.deepEqual(log, ['request', 'data', 'trailers k=v', 'end']);
    stream.sendHeaders(RESPONSE);
    stream.write(Buffer.from('abc'));
    stream.sendTrailers(TRAILERS);
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, false, RESPONSE]);
    assert.equal((await peer.nextOf('dataEnd', 1))[4], '616263');
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, true, TRAILERS]);
    assert.equal(bench.session.openStreams, 0);
    await peer.settle();
    assert.ok(!peer.events.some(([kind]) => kind === 'resetStream'));
    await finish(bench);
  });

  test('a request without body ends with its headers, and nothing follows', async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST, END));
    const accepted = await bench.accepted();
    accepted.stream.sendHeaders([...RESPONSE, ...TRAILERS], true);
    assert.deepEqual(await bench.peer.nextOf('headers', 1), ['headers', 1, true, [...RESPONSE, ...TRAILERS]]);
    await bench.peer.settle();
    assert.deepEqual(accepted.log, ['request+end']);
    await finish(bench);
  });

  test('a response before the end of the request stops the client with RST_STREAM NO_ERROR', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST), dataFrame(1, 10));
    const { stream, log } = await bench.accepted();
    stream.sendHeaders(RESPONSE);
    stream.sendTrailers(TRAILERS);
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, false, RESPONSE]);
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, true, TRAILERS]);
    await expectReset(bench, 1, noError);
    peer.send(dataFrame(1, 100), peer.headers(1, ['late', 'trailer'], END));
    await peer.settle();
    assert.ok(!log.some((entry) => entry.startsWith('reset') || entry.startsWith('trailers')));
    await finish(bench);
  });

  test('the client’s RST_STREAM reaches the handler, also after the end of the request', async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST, END), resetFrame(1, 8));
    const accepted = await bench.accepted();
    await bench.peer.settle();
    assert.deepEqual(accepted.log, ['request+end', 'reset 8']);
    accepted.stream.sendHeaders(RESPONSE);
    assert.equal(accepted.stream.write(Buffer.from('x'), true), true);
    accepted.stream.reset(8);
    await bench.peer.settle();
    assert.ok(!bench.peer.events.some(([kind]) => kind === 'headers' || kind === 'resetStream'));
    await finish(bench);
  });

  test('streams over the limit are refused, and no other stream is affected', async () => {
    const bench = serveBench({ maxConcurrentStreams: 2 });
    const { peer } = bench;
    assert.ok((await peer.next(([kind, id]) => kind === 'setting' && id === Setting.maxConcurrentStreams))[2] === 2);
    peer.send(...[1, 3, 5].map((id) => peer.headers(id, REQUEST)));
    await expectReset(bench, 5, refusedStream);
    peer.send(dataFrame(5, 10), resetFrame(1, 8), peer.headers(7, REQUEST));
    await peer.settle();
    assert.deepEqual(
      bench.streams.map(({ log }) => log),
      [['request', 'reset 8'], ['request'], ['request']],
    );
    assert.equal(bench.session.openStreams, 2);
    await finish(bench);
  });
});

suite('malformed requests', () => {
  const change = (from: string, ...to: string[]) => {
    const at = REQUEST.indexOf(from);
    return [...REQUEST.slice(0, at), ...to, ...REQUEST.slice(at + 2)];
  };
  const malformed: Record<string, readonly string[]> = {
    'no :method': change(':method'),
    'no :path': change(':path'),
    'no :scheme': change(':scheme'),
    'an empty :path': change(':path', ':path', ''),
    'two :path': [...REQUEST.slice(0, 6), ':path', '/c'],
    'a :status': [...REQUEST, ':status', '200'],
    'an unknown pseudo field': [...REQUEST, ':x', '1'],
    'a pseudo field behind a regular one': ['a', 'b', ...REQUEST],
    'an upper-case name': [...REQUEST, 'Name', '1'],
    'an empty name': [...REQUEST, '', '1'],
    'a name with a space': [...REQUEST, 'a b', '1'],
    'a line break in a value': [...REQUEST, 'a', 'b\r\nc: d'],
    'a field of the connection': [...REQUEST, 'connection', 'close'],
    'te that is not trailers': [...REQUEST, 'te', 'gzip'],
    'a content-length that is no number': [...REQUEST, 'content-length', '-1'],
  };
  for (const [what, list] of Object.entries(malformed)) {
    test(`${what} resets its stream with PROTOCOL_ERROR, every time, and no handler is called`, async () => {
      const bench = serveBench();
      for (const id of [1, 3, 5, 7]) {
        bench.peer.send(bench.peer.headers(id, list));
        await expectReset(bench, id, protocolError);
      }
      bench.peer.send(bench.peer.headers(9, REQUEST));
      await bench.accepted();
      assert.equal(bench.streams.length, 1);
      await finish(bench);
    });
  }

  for (const [announced, sent] of [
    [10, 9],
    [10, 11],
    [0, 1],
  ] as const) {
    test(`${sent} body bytes where content-length says ${announced} are PROTOCOL_ERROR`, async () => {
      const bench = serveBench();
      const { peer } = bench;
      peer.send(peer.headers(1, [...REQUEST, 'content-length', `${announced}`]), dataFrame(1, sent, true));
      await expectReset(bench, 1, protocolError);
      assert.equal((await bench.accepted()).log.at(-1), `reset ${protocolError}`);
      await finish(bench);
    });
  }

  test('a second header block that does not end the stream is PROTOCOL_ERROR', async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST), bench.peer.headers(1, ['a', 'b']));
    await expectReset(bench, 1, protocolError);
    await finish(bench);
  });

  test('a header list over the limit is ENHANCE_YOUR_CALM, and later headers are decoded correctly', async () => {
    const bench = serveBench({ maxHeaderListBytes: 1000 });
    const { peer } = bench;
    for (const id of [1, 3, 5]) {
      peer.send(peer.headers(id, [...REQUEST, 'k', 'v'.repeat(400), 'l', 'w'.repeat(400), 'm', 'x'.repeat(400)]));
      await expectReset(bench, id, enhanceYourCalm);
    }
    peer.send(peer.headers(7, [...REQUEST, 'k', 'v'.repeat(400)]));
    assert.deepEqual((await bench.accepted()).headers, [...REQUEST, 'k', 'v'.repeat(400)]);
    await finish(bench);
  });
});

suite('states', () => {
  test('frames after the end of a request are STREAM_CLOSED', async () => {
    for (const late of ['data', 'headers']) {
      const bench = serveBench();
      const { peer } = bench;
      peer.send(peer.headers(1, REQUEST, END));
      peer.send(late === 'data' ? dataFrame(1, 1) : peer.headers(1, ['a', 'b'], END));
      await expectReset(bench, 1, streamClosed);
      await finish(bench);
    }
  });

  test('frames on a stream that both ends have closed are STREAM_CLOSED or ignored, and the connection goes on', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST, END));
    (await bench.accepted()).stream.sendHeaders(RESPONSE, true);
    await peer.nextOf('headers', 1);
    peer.send(windowFrame(1, 1), resetFrame(1, 8));
    await peer.settle();
    assert.ok(!peer.events.some(([kind]) => kind === 'resetStream'));
    for (const late of [dataFrame(1, 1), peer.headers(1, TRAILERS, END)]) {
      peer.send(late);
      await expectReset(bench, 1, streamClosed);
    }
    await peer.settle();
    await finish(bench);
  });

  test('late frames of six thousand requests that were answered early are accepted', async () => {
    const bench = serveBench({ connectionWindowBytes: 65_535 });
    const { peer } = bench;
    const ids = Array.from({ length: 6000 }, (_, index) => 2 * index + 1);
    for (const id of ids) {
      peer.send(peer.headers(id, REQUEST));
      const { stream } = await bench.accepted();
      stream.sendHeaders([...RESPONSE, ...TRAILERS], true);
    }
    await expectReset(bench, ids.at(-1)!, noError);
    for (const id of ids) peer.send(dataFrame(id, 10), peer.headers(id, ['k', 'v'], END));
    await peer.settle();
    peer.send(peer.headers(12_001, REQUEST));
    await bench.accepted();
    await finish(bench);
  });

  test('a request on a closed stream is a connection error', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST, END));
    (await bench.accepted()).stream.sendHeaders(RESPONSE, true);
    peer.send(peer.headers(1, REQUEST, END));
    await expectGoAway(bench, streamClosed);
  });

  const idle: Record<string, Uint8Array> = {
    DATA: dataFrame(1, 1),
    RST_STREAM: resetFrame(1, 8),
    WINDOW_UPDATE: windowFrame(1, 1),
    'an even stream’s WINDOW_UPDATE': windowFrame(2, 1),
  };
  for (const [what, bytes] of Object.entries(idle)) {
    test(`${what} on an idle stream is a connection error`, async () => {
      const bench = serveBench();
      bench.peer.send(bytes);
      await expectGoAway(bench, protocolError);
    });
  }

  test('an even stream id and one below an earlier one are connection errors', async () => {
    for (const id of [2, 3]) {
      const bench = serveBench();
      bench.peer.send(bench.peer.headers(5, REQUEST), bench.peer.headers(id, REQUEST));
      await expectGoAway(bench, id === 2 ? protocolError : streamClosed);
      assert.match((await bench.accepted()).log.at(-1)!, /^reset 8 with ProtocolError/);
    }
  });
});

suite('windows', () => {
  test('a stream that sends more than its window is FLOW_CONTROL_ERROR', async () => {
    const bench = serveBench({ streamWindowBytes: 1000 });
    bench.peer.send(bench.peer.headers(1, REQUEST), dataFrame(1, 1000), dataFrame(1, 1));
    await expectReset(bench, 1, flowControlError);
    assert.equal((await bench.accepted()).received, 1000);
    await finish(bench);
  });

  test('exceeding the window of the connection is a connection error', async () => {
    const bench = serveBench({ connectionWindowBytes: 65_535, maxFrameBytes: 70_000 });
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST), dataFrame(1, 65_536));
    await expectGoAway(bench, flowControlError);
  });

  test('the window of a stream is given back when data is consumed, while the stream is open', async () => {
    const bench = serveBench({ streamWindowBytes: 20_000 });
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST), dataFrame(1, 15_800), frame(FrameType.data, FrameFlag.padded, 1, padded(200)));
    const { stream, over } = await bench
      .accepted()
      .then((accepted) => ({ stream: accepted.stream, over: accepted.over }));
    await peer.settle();
    const updates = () => peer.events.filter(([kind, id]) => kind === 'windowUpdate' && id === 1);
    assert.deepEqual(updates(), []);
    stream.consume(4_798);
    assert.deepEqual(updates(), []);
    stream.consume(1);
    // The padding was consumed with the frame.
    assert.deepEqual(await peer.nextOf('windowUpdate', 1), ['windowUpdate', 1, 5_000]);
    // No more than was delivered.
    stream.consume(1_000_000);
    assert.deepEqual(await peer.nextOf('windowUpdate', 1), ['windowUpdate', 1, 11_001]);
    peer.send(dataFrame(1, 10_000, true));
    await over;
    stream.consume(10_000);
    await peer.settle();
    assert.deepEqual(updates(), []);
    await finish(bench);
  });

  test('the window of the connection is given back on receipt: streams that nobody reads block no others', async () => {
    const bench = serveBench({ connectionWindowBytes: 65_535, streamWindowBytes: 20_000 });
    const { peer } = bench;
    for (let id = 1; id < 400; id += 8) {
      peer.send(
        peer.headers(id, REQUEST),
        frame(FrameType.data, FrameFlag.padded, id, padded(200)),
        dataFrame(id, 16_000),
      );
      peer.send(peer.headers(id + 2, REQUEST), dataFrame(id + 2, 4000));
      await bench.accepted();
      (await bench.accepted()).stream.reset(8);
      await expectReset(bench, id + 2, 8);
      peer.send(dataFrame(id + 2, 4000), peer.headers(id + 4, ['bad', 'request']), dataFrame(id + 4, 4000));
      await expectReset(bench, id + 4, protocolError);
    }
    await peer.settle();
    const granted = peer.events.filter(([kind, id]) => kind === 'windowUpdate' && id === 0);
    const sent = 50 * (201 + 16_000 + 3 * 4000);
    const returned = granted.reduce((sum, event) => sum + Number(event[2]), 0);
    assert.ok(returned <= sent && returned > sent - 65_535 / 4, `${returned} of ${sent} bytes came back`);
    await finish(bench);
  });

  test('a response waits for a window of zero, and is sent in pieces as SETTINGS and WINDOW_UPDATE open it', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(encodeSettings([Setting.initialWindowSize, 0]), peer.headers(1, REQUEST, END));
    const { stream } = await bench.accepted();
    stream.sendHeaders(RESPONSE);
    assert.equal(stream.write(new Uint8Array(1000)), false);
    stream.sendTrailers(TRAILERS);
    await peer.settle();
    assert.ok(!peer.events.some(([kind]) => kind === 'dataEnd'));
    peer.send(windowFrame(1, 10));
    assert.equal((await peer.nextOf('dataEnd', 1))[2], 10);
    peer.send(encodeSettings([Setting.initialWindowSize, 90]));
    assert.equal((await peer.nextOf('dataEnd', 1))[2], 90);
    // The window is -50 now: 50 more give nothing, and 60 give ten bytes.
    peer.send(encodeSettings([Setting.initialWindowSize, 40]), windowFrame(1, 50));
    await peer.settle();
    assert.ok(!peer.events.some(([kind]) => kind === 'dataEnd'));
    peer.send(windowFrame(1, 10));
    assert.equal((await peer.nextOf('dataEnd', 1))[2], 10);
    peer.send(windowFrame(1, 10_000));
    assert.equal((await peer.nextOf('dataEnd', 1))[2], 890);
    assert.deepEqual(await peer.next(([kind, , end]) => kind === 'headers' && end === true), [
      'headers',
      1,
      true,
      TRAILERS,
    ]);
    await finish(bench);
  });

  test('the window of the connection limits all streams together, which send in turns', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(encodeSettings([Setting.initialWindowSize, 1 << 20]));
    peer.send(...[1, 3, 5].map((id) => peer.headers(id, REQUEST, END)));
    for (let index = 0; index < 3; index += 1) {
      const { stream } = await bench.accepted();
      stream.sendHeaders(RESPONSE);
      stream.write(new Uint8Array(100_000), true);
    }
    await peer.settle();
    const sent = () => peer.events.filter(([kind]) => kind === 'dataEnd');
    assert.equal(
      sent().reduce((sum, event) => sum + Number(event[2]), 0),
      65_535,
    );
    peer.send(windowFrame(0, 1 << 20));
    for (const id of [1, 3, 5])
      await peer.next(([kind, stream, , end]) => kind === 'dataEnd' && stream === id && end === true);
    await finish(bench);
  });

  test('write returns false when the writer has to wait, and onDrain follows', async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST, END));
    const accepted = await bench.accepted();
    accepted.stream.sendHeaders(RESPONSE);
    let written = 0;
    while (accepted.stream.write(new Uint8Array(16_384))) written += 16_384;
    assert.ok(written < 1 << 20);
    await bench.peer.settle();
    assert.equal(accepted.drains, 0);
    bench.peer.send(windowFrame(0, 1 << 24), windowFrame(1, 1 << 24));
    await bench.peer.settle();
    assert.equal(accepted.drains, 1);
    await finish(bench);
  });

  for (const [id, code] of [
    [0, 'goAway'],
    [1, 'resetStream'],
  ] as const) {
    test(`a WINDOW_UPDATE that overflows or adds nothing is an error of its ${id === 0 ? 'connection' : 'stream'}`, async () => {
      for (const [increment, expected] of [
        [0, protocolError],
        [0x7fffffff, flowControlError],
      ] as const) {
        const bench = serveBench();
        bench.peer.send(bench.peer.headers(1, REQUEST), windowFrame(id, increment));
        assert.equal((await bench.peer.nextOf(code))[2], expected);
        await finish(bench);
      }
    });
  }

  test('an initial window that would overflow an open stream is a connection error', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST), windowFrame(1, 1000), encodeSettings([Setting.initialWindowSize, 0x7fffffff]));
    await expectGoAway(bench, flowControlError);
  });

  test('DATA frames are as large as the peer allows, up to 128 KiB', async () => {
    for (const [allowed, expected] of [
      [16_384, 16_384],
      [30_000, 30_000],
      [1 << 20, 131_072],
    ] as const) {
      const bench = serveBench();
      const { peer } = bench;
      peer.send(
        encodeSettings([Setting.maxFrameSize, allowed, Setting.initialWindowSize, 1 << 20]),
        windowFrame(0, 1 << 20),
      );
      peer.send(peer.headers(1, REQUEST, END));
      const { stream } = await bench.accepted();
      stream.sendHeaders(RESPONSE);
      stream.write(new Uint8Array(200_000), true);
      await peer.next(([kind, , , end]) => kind === 'dataEnd' && end === true);
      assert.equal(Math.max(...peer.events.map((event) => (event[0] === 'dataEnd' ? Number(event[2]) : 0))), expected);
      await finish(bench);
    }
  });
});

suite('close, destroy and timeouts', () => {
  test('close sends GOAWAY twice, serves requests that were sent before, ignores later ones, and waits for the open streams', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.wellBehaved = false;
    peer.send(peer.headers(1, REQUEST, END));
    const first = await bench.accepted();
    let over = false;
    const closing = bench.session.close().then(() => {
      over = true;
    });
    assert.deepEqual((await peer.nextOf('goAway')).slice(0, 3), ['goAway', 0x7fffffff, noError]);
    const ping = await peer.nextOf('ping');
    peer.send(peer.headers(3, REQUEST, END));
    const second = await bench.accepted();
    peer.send(frame(FrameType.ping, FrameFlag.ack, 0, Buffer.from(String(ping[2]), 'hex')));
    assert.deepEqual((await peer.nextOf('goAway')).slice(0, 3), ['goAway', 3, noError]);
    peer.send(peer.headers(5, REQUEST), dataFrame(5, 10, true));
    await peer.settle();
    assert.equal(bench.streams.length, 2);
    first.stream.sendHeaders(RESPONSE, true);
    await peer.settle();
    assert.equal(over, false);
    second.stream.sendHeaders(RESPONSE, true);
    assert.deepEqual(await peer.nextOf('headers', 3), ['headers', 3, true, RESPONSE]);
    bench.far.end();
    await closing;
    assert.equal(await bench.closed, undefined);
    await bench.session.close();
  });

  test('close of an idle session is bounded when the client never answers', async () => {
    const keepAlive = setInterval(() => {}, 1000);
    const bench = serveBench();
    bench.peer.wellBehaved = false;
    await bench.session.close();
    assert.equal(await bench.closed, undefined);
    clearInterval(keepAlive);
  });

  test('a client that disconnects without open streams is no error; with a stream open it is, also for the stream', async () => {
    const idle = serveBench();
    await idle.peer.settle();
    idle.far.end();
    assert.equal(await idle.closed, undefined);
    const busy = serveBench();
    busy.peer.send(busy.peer.headers(1, REQUEST));
    const accepted = await busy.accepted();
    busy.far.end();
    assert.match(String((await busy.closed)?.message), /without a GOAWAY/);
    assert.deepEqual(accepted.log, ['request', 'reset 8 with TransportError']);
  });

  test('streams finish after a GOAWAY of the client', async () => {
    const bench = serveBench();
    const { peer } = bench;
    peer.send(peer.headers(1, REQUEST, END), encodeGoAway(0, noError));
    const { stream } = await bench.accepted();
    await peer.settle();
    stream.sendHeaders(RESPONSE, true);
    assert.deepEqual(await peer.nextOf('headers', 1), ['headers', 1, true, RESPONSE]);
    bench.far.end();
    assert.equal(await bench.closed, undefined);
  });

  test('destroy resets the streams with its reason and closes the connection at once', async () => {
    const bench = serveBench();
    bench.peer.send(bench.peer.headers(1, REQUEST));
    const accepted = await bench.accepted();
    const reason = new TypeError('enough');
    bench.session.destroy(reason);
    assert.deepEqual(accepted.log, ['request', 'reset 8 with TypeError']);
    assert.equal(await bench.closed, reason);
    await assert.rejects(bench.session.ping(1000), { code: 'ERR_CLOSED' });
  });

  test('a client that does not acknowledge SETTINGS in time gets GOAWAY SETTINGS_TIMEOUT', async () => {
    const keepAlive = setInterval(() => {}, 1000);
    const bench = serveBench({ settingsTimeoutMs: 20 });
    bench.peer.wellBehaved = false;
    await expectGoAway(bench, Http2ErrorCode.settingsTimeout);
    clearInterval(keepAlive);
  });

  test('keep-alive sends PING to a silent peer and ends the session without an answer', async () => {
    const bench = serveBench({ keepAliveMs: 5, keepAliveTimeoutMs: 5000 });
    for (let round = 0; round < 3; round += 1) await bench.peer.next(([kind, ack]) => kind === 'ping' && ack === false);
    bench.session.destroy();
    await bench.closed;
    const silent = serveBench({ keepAliveMs: 5, keepAliveTimeoutMs: 5 });
    const keepAlive = setInterval(() => {}, 1000);
    await silent.peer.nextOf('settingsEnd');
    silent.peer.wellBehaved = false;
    const error = await silent.closed;
    assert.match(String(error?.message), /did not answer a PING/);
    clearInterval(keepAlive);
  });
});
