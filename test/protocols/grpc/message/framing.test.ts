import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decompressor } from '../../../../src/protocols/grpc/message/compression.js';
import { encodePrefix, frameMessage, MessageDecoder } from '../../../../src/protocols/grpc/message/framing.js';
import { PartialMessage } from '../../../../src/protocols/grpc/message/partial-message.js';

function framed(flags: number, message: Uint8Array): Buffer {
  const whole = Buffer.from(frameMessage(message));
  whole[0] = flags;
  return whole;
}

/** The next message's bytes. */
function read(decoder: MessageDecoder): Uint8Array | undefined {
  return decoder.next() ? decoder.bytes.subarray(decoder.start, decoder.end) : undefined;
}

function readAll(decoder: MessageDecoder): Buffer[] {
  const messages: Buffer[] = [];
  for (let next = read(decoder); next !== undefined; next = read(decoder)) messages.push(Buffer.from(next));
  return messages;
}

test('a message is one flag byte, four bytes of length and the message', () => {
  assert.deepEqual([...frameMessage(Uint8Array.of(8, 1))], [0, 0, 0, 0, 2, 8, 1]);
  assert.deepEqual([...encodePrefix(0x01020304)], [0, 1, 2, 3, 4]);
});

test('a message that lies within one chunk is not copied', () => {
  const chunk = Buffer.concat([frameMessage(Buffer.from('abc')), frameMessage(Buffer.from('d'))]);
  const decoder = new MessageDecoder();
  decoder.push(chunk);
  assert.equal(read(decoder)?.buffer, chunk.buffer);
  assert.equal(read(decoder)?.buffer, chunk.buffer);
  assert.equal(read(decoder), undefined);
});

test('messages are read whole wherever their bytes are cut in two', () => {
  const messages = ['', 'a', 'bc', '', 'x'.repeat(700)].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(messages.map(frameMessage));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoder = new MessageDecoder();
    decoder.push(bytes.subarray(0, cut));
    const first = readAll(decoder);
    decoder.push(bytes.subarray(cut));
    assert.deepEqual([...first, ...readAll(decoder)], messages);
    assert.equal(decoder.byteLength, 0);
  }
});

test('messages are read whole from chunks of any size, at any time', () => {
  const step = fc.record({ size: fc.integer({ min: 1, max: 900 }), read: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1500 })), fc.array(step), (messages, steps) => {
      const bytes = Buffer.concat(messages.map(frameMessage));
      const decoder = new MessageDecoder();
      const seen: Uint8Array[] = [];
      let offset = 0;
      for (const { size, read } of [...steps, { size: bytes.length + 1, read: true }]) {
        decoder.push(bytes.subarray(offset, offset + size));
        offset = Math.min(bytes.length, offset + size);
        if (read) seen.push(...readAll(decoder));
        const read_ = seen.reduce((sum, message) => sum + message.length + 5, 0);
        assert.equal(decoder.byteLength, offset - read_);
      }
      assert.deepEqual(
        seen,
        messages.map((message) => Buffer.from(message)),
      );
    }),
  );
});

test('messages are read whole from transient chunks, owned chunks or both, one or all at a time', () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: 900 }),
    reads: fc.constantFrom(0, 1, 2, Number.POSITIVE_INFINITY),
    transient: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1500 })), fc.array(step), (messages, steps) => {
      const bytes = Buffer.concat(messages.map(frameMessage));
      const decoder = new MessageDecoder();
      const seen: Uint8Array[] = [];
      let offset = 0;
      for (const { size, reads, transient } of [
        ...steps,
        { size: bytes.length + 1, reads: Number.POSITIVE_INFINITY, transient: true },
      ]) {
        const chunk = Buffer.from(bytes.subarray(offset, offset + size));
        decoder.push(chunk, transient);
        if (transient) chunk.fill(0xee);
        offset += chunk.length;
        for (let count = 0; count < reads; count++) {
          const message = read(decoder);
          if (message === undefined) break;
          seen.push(message);
        }
        const taken = seen.reduce((sum, message) => sum + message.length + 5, 0);
        assert.equal(decoder.byteLength, offset - taken);
      }
      assert.ok(Buffer.concat(seen).equals(Buffer.concat(messages)));
      assert.equal(seen.length, messages.length);
    }),
    { numRuns: 1000 },
  );
});

test('large messages are read whole from transient chunks', () => {
  const messages = [10, 100_000, 3_000_000, 0, 70_000].map((size, index) => Buffer.alloc(size, index + 1));
  const bytes = Buffer.concat(messages.map(frameMessage));
  const decoder = new MessageDecoder();
  const seen: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += 65_000) {
    const chunk = Buffer.from(bytes.subarray(offset, offset + 65_000));
    decoder.push(chunk, true);
    chunk.fill(0xee);
    seen.push(...readAll(decoder));
  }
  assert.ok(seen.every((message, index) => message.equals(messages[index]!)) && seen.length === messages.length);
});

test('a prefix alone allocates no memory for its message', () => {
  const decoders = Array.from({ length: 200 }, () => new MessageDecoder());
  const before = process.memoryUsage().arrayBuffers;
  for (const [index, decoder] of decoders.entries()) {
    decoder.push(encodePrefix(0x7fffffff), index % 2 === 0);
    assert.equal(read(decoder), undefined);
    assert.equal(decoder.byteLength, 5);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
});

/** A decoder of compressed messages, with a function that reads everything received so far. */
function decompressing(encoding: string, maxMessageBytes: number) {
  let notify = () => {};
  const decoder = new MessageDecoder(maxMessageBytes);
  decoder.decompressWith(decompressor(encoding, maxMessageBytes), () => notify());
  const all = async (): Promise<string[]> => {
    const texts: string[] = [];
    for (;;) {
      const decompressed = new Promise<void>((resolve) => (notify = resolve));
      const next = read(decoder);
      if (next !== undefined) texts.push(String(Buffer.from(next)));
      else if (decoder.decompressing) await decompressed;
      else return texts;
    }
  };
  return { decoder, all };
}

test('an incomplete message holds little more memory than was received of it', () => {
  for (const [received, most] of [
    [100, 4 * 1024],
    [64 * 1024, 1024 * 1024],
    [512 * 1024, 2 * 1024 * 1024],
    [3 * 1024 * 1024, 6 * 1024 * 1024],
    [40 * 1024 * 1024, 80 * 1024 * 1024],
  ] as const) {
    const partial = new PartialMessage(0x7fffffff, false);
    for (let left: number = received; left > 0; left -= 16_384) partial.add(Buffer.alloc(Math.min(left, 16_384)), 0);
    assert.equal(partial.byteLength, received);
    assert.ok(partial.memoryBytes <= most, `${partial.memoryBytes} bytes of memory for ${received}`);
  }
});

test('compressed and plain messages are read wherever a transient chunk ends', async () => {
  const bytes = Buffer.concat([
    framed(1, gzipSync('one')),
    frameMessage(Buffer.from('two')),
    framed(1, gzipSync('three')),
  ]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { decoder, all } = decompressing('gzip', 1000);
    const chunks = [Buffer.from(bytes.subarray(0, cut)), Buffer.from(bytes.subarray(cut))];
    for (const chunk of chunks) {
      decoder.push(chunk, true);
      chunk.fill(0xee);
    }
    assert.deepEqual(await all(), ['one', 'two', 'three']);
  }
});

test('a malformed message in a transient chunk is an error after the messages before it were read', () => {
  for (const [bad, code] of [
    [encodePrefix(101), 'ERR_LIMIT_EXCEEDED'],
    [framed(2, Buffer.from('x')), 'ERR_BAD_FRAME'],
  ] as const) {
    const decoder = new MessageDecoder(100);
    decoder.push(Buffer.concat([frameMessage(Buffer.from('good')), bad]), true);
    assert.equal(String(read(decoder)), 'good');
    assert.throws(() => read(decoder), { code });
  }
});

test('a length over the limit is refused at its prefix, wherever the prefix is cut', () => {
  const prefix = encodePrefix(101);
  for (let cut = 0; cut <= prefix.length; cut++) {
    const decoder = new MessageDecoder(100);
    decoder.push(prefix.subarray(0, cut));
    assert.throws(
      () => {
        read(decoder);
        decoder.push(prefix.subarray(cut));
        read(decoder);
      },
      { code: 'ERR_LIMIT_EXCEEDED', message: /101 bytes.*100 bytes/ },
    );
  }
  const within = new MessageDecoder(100);
  within.push(frameMessage(Buffer.alloc(100)));
  assert.equal(read(within)?.length, 100);
});

test('a length of 4 GiB is a large number, not a negative one', () => {
  const decoder = new MessageDecoder();
  decoder.push(Uint8Array.of(0, 255, 255, 255, 255));
  assert.throws(() => read(decoder), { code: 'ERR_LIMIT_EXCEEDED', message: /4294967295/ });
});

for (const flags of [2, 128, 255]) {
  test(`flags ${flags} are refused`, () => {
    const decoder = new MessageDecoder();
    decoder.push(framed(flags, Buffer.from('x')));
    assert.throws(() => read(decoder), { code: 'ERR_BAD_FRAME' });
  });
}

test('a compressed message needs an encoding', () => {
  const decoder = new MessageDecoder();
  decoder.push(framed(1, gzipSync('hello')));
  assert.throws(() => read(decoder), { code: 'ERR_BAD_FRAME', message: /grpc-encoding/ });
});

const encodings = { gzip: gzipSync, deflate: deflateSync };
for (const [name, compress] of Object.entries(encodings)) {
  test(`${name} messages are decompressed, beside plain ones and in order`, async () => {
    const { decoder, all } = decompressing(name, 1000);
    decoder.push(Buffer.concat([framed(1, compress('hello')), frameMessage(Buffer.from('plain'))]));
    assert.deepEqual(await all(), ['hello', 'plain']);
    assert.equal(decoder.byteLength, 0);
  });

  test(`a ${name} message that decompresses past the limit is refused, and what follows is not read`, async () => {
    const { decoder, all } = decompressing(name, 1000);
    decoder.push(Buffer.concat([framed(1, compress(Buffer.alloc(1001))), frameMessage(Buffer.from('plain'))]));
    await assert.rejects(all(), { code: 'ERR_LIMIT_EXCEEDED', message: /more than 1000 bytes/ });
    const decompress = decompressor(name, 1000)!;
    assert.equal((await decompress(compress(Buffer.alloc(1000)))).length, 1000);
    await assert.rejects(decompress(Buffer.from('no such thing')), { code: 'ERR_BAD_FRAME' });
    await assert.rejects(decompress(compress('cut off').subarray(0, 8)), { code: 'ERR_BAD_FRAME' });
  });

  test(`the event loop runs while a large ${name} message is decompressed`, async () => {
    const { decoder, all } = decompressing(name, 64 << 20);
    decoder.push(framed(1, compress(Buffer.alloc(64 << 20, 'x'))));
    let turns = 0;
    let done = false;
    const counted = (async () => {
      for (; !done; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    })();
    assert.equal((await all())[0]?.length, 64 << 20);
    done = true;
    await counted;
    assert.ok(turns > 10, `${turns} turns`);
  });
}

test('identity is no compression, and the error for an unknown one names it', async () => {
  assert.equal(decompressor(undefined, 1), undefined);
  assert.equal(decompressor('identity', 1), undefined);
  const snappy = decompressor('snappy', 1)!;
  await assert.rejects(snappy(Buffer.alloc(1)), { code: 'ERR_BAD_FRAME', message: /"snappy"/ });
});
