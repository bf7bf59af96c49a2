import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ContainerChunk, ContainerFrameDecoder } from '../../../src/runners/container/frames.js';

/** What an engine writes for some bytes of a stream: 1 is stdout, 2 is stderr. */
function frame(kind: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

/** All bytes of each stream, whatever the pieces. */
function joined(chunks: readonly ContainerChunk[]): Record<string, string> {
  const of = (name: string) =>
    Buffer.concat(chunks.filter(({ stream }) => stream === name).map(({ data }) => data)).toString('latin1');
  return { stdout: of('stdout'), stderr: of('stderr') };
}

/** As podman 4.3.1 sent it for `console.log('hi', 1, 0); console.error('err')`. */
const RECORDED = Buffer.from('010000000000000768692031203 00a02000000000000046572720a'.replaceAll(' ', ''), 'hex');

test('takes apart what podman sends', () => {
  const decoder = new ContainerFrameDecoder();
  const chunks = decoder.decode(RECORDED);
  assert.deepEqual(
    chunks.map(({ stream, data }) => [stream, Buffer.from(data).toString()]),
    [
      ['stdout', 'hi 1 0\n'],
      ['stderr', 'err\n'],
    ],
  );
  assert.equal(decoder.atBoundary, true);
});

test('gives the same bytes wherever the stream is split in two or in three', () => {
  const whole = Buffer.concat([
    RECORDED,
    frame(2, Buffer.alloc(0)),
    frame(3, Buffer.from('system')),
    frame(0, Buffer.from('in')),
  ]);
  const expected = { stdout: 'hi 1 0\nin', stderr: 'err\nsystem' };
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const decoder = new ContainerFrameDecoder();
      const parts = [whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second)];
      assert.deepEqual(joined(parts.flatMap((part) => decoder.decode(part))), expected);
      assert.equal(decoder.atBoundary, true);
    }
  }
});

test('passes on bytes as they come and keeps none, however long a frame says it is', () => {
  const decoder = new ContainerFrameDecoder();
  assert.deepEqual(decoder.decode(Buffer.from('01000000ffffffff', 'hex')), []);
  const piece = Buffer.from('some of 4 GiB');
  const [chunk] = decoder.decode(piece);
  assert.equal(chunk!.data.buffer, piece.buffer, 'a view, not a copy');
  assert.equal(decoder.atBoundary, false);
});

for (const [title, hex] of [
  ['an unknown stream', '0400000000000001'],
  ['text of a container with a terminal', Buffer.from('hello, world').toString('hex')],
  ['a reserved byte that is not zero', '0100010000000001'],
] as const) {
  test(`refuses ${title}, wherever it is split`, () => {
    const bytes = Buffer.from(hex, 'hex');
    for (let split = 0; split < 8; split++) {
      const decoder = new ContainerFrameDecoder();
      decoder.decode(bytes.subarray(0, split));
      assert.throws(() => decoder.decode(bytes.subarray(split)), { code: 'ERR_BAD_FRAME' });
    }
  });
}

test('reads any frames from any chunks', () => {
  const frames = fc.array(fc.record({ kind: fc.constantFrom(1, 2), data: fc.uint8Array({ maxLength: 40 }) }));
  fc.assert(
    fc.property(frames, fc.array(fc.nat(60)), (sent, sizes) => {
      const whole = Buffer.concat(sent.map(({ kind, data }) => frame(kind, data)));
      const decoder = new ContainerFrameDecoder();
      const chunks: ContainerChunk[] = [];
      let offset = 0;
      for (const size of [...sizes, whole.length]) {
        chunks.push(...decoder.decode(whole.subarray(offset, offset + size)));
        offset += size;
      }
      const of = (kind: number) => Buffer.concat(sent.filter((each) => each.kind === kind).map(({ data }) => data));
      assert.deepEqual(joined(chunks), { stdout: of(1).toString('latin1'), stderr: of(2).toString('latin1') });
    }),
  );
});
