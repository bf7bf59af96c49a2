import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OptionsError, ProtocolError } from '../../src/errors.js';
import { type Line, LineDecoder, type LineOptions } from '../../src/wire/lines.js';

function decode(chunks: readonly Uint8Array[], options?: LineOptions): readonly Line[] {
  const decoder = new LineDecoder(options);
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()];
}

const whole = (...texts: string[]): Line[] => texts.map((text) => ({ text, part: 'whole' }));
const piece = (text: string): Line => ({ text, part: 'piece' });
const lastPiece = (text: string): Line => ({ text, part: 'last-piece' });

/** Slow and plain: the whole input at once, byte by byte, as bufio.Reader.ReadLine words it. */
function oracle(input: Uint8Array, maxLineBytes: number): readonly Line[] {
  const lines: Line[] = [];
  let rest = Buffer.from(input);
  let continued = false;
  while (rest.length > 0 || continued) {
    const end = rest.indexOf('\n');
    if (end >= 0 && end < maxLineBytes) {
      const text = rest.subarray(0, end > 0 && rest[end - 1] === 13 ? end - 1 : end).toString();
      lines.push({ text, part: continued ? 'last-piece' : 'whole' });
      rest = rest.subarray(end + 1);
      continued = false;
    } else if (rest.length >= maxLineBytes) {
      const length = oraclePieceLength(rest.subarray(0, maxLineBytes));
      lines.push(piece(rest.subarray(0, length).toString()));
      rest = rest.subarray(length);
      continued = true;
    } else {
      lines.push({ text: rest.toString(), part: continued ? 'last-piece' : 'whole' });
      break;
    }
  }
  return lines;
}

/** A CR waits for its LF, a begun character for its end. */
function oraclePieceLength(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const unfinished = /(?:[\u00c0-\u00ff]|[\u00e0-\u00ff][\u0080-\u00bf]|[\u00f0-\u00ff][\u0080-\u00bf]{2}|\r)$/.exec(
    text,
  );
  return unfinished?.index ?? bytes.length;
}

function splits(bytes: Uint8Array): readonly (readonly Uint8Array[])[] {
  return Array.from(bytes, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

const bytesOf = (bytes: Uint8Array): readonly Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

test('L-08 cuts at LF and CRLF, keeps empty lines and a final line without LF', () => {
  assert.deepEqual(decode([Buffer.from('a\r\n\nb\n\r\nc\rd\ne')]), whole('a', '', 'b', '', 'c\rd', 'e'));
  assert.deepEqual(decode([Buffer.from('a\n')]), whole('a'));
  assert.deepEqual(decode([Buffer.from('a\r')]), whole('a\r'));
  assert.deepEqual(decode([]), []);
  assert.deepEqual(decode([new Uint8Array(0)]), []);
});

test('gives the same lines at every split point, and byte by byte', () => {
  const input = Buffer.from('first\r\n\r\n€ grüße 😀\n\uFEFFbom\nlast 😀');
  const expected = whole('first', '', '€ grüße 😀', '\uFEFFbom', 'last 😀');
  assert.deepEqual(decode([input]), expected);
  for (const chunks of splits(input)) assert.deepEqual(decode(chunks), expected);
  assert.deepEqual(decode(bytesOf(input)), expected);
});

test('bytes that are not UTF-8 become replacement characters', () => {
  assert.deepEqual(decode([Uint8Array.of(0x61, 0xff, 0x0a, 0xe2, 0x82)]), whole('a\uFFFD', '\uFFFD'));
});

test('L-07 hands a line over the limit out in pieces, whatever the chunks', () => {
  const input = Buffer.from(`${'a'.repeat(40)}\nshort\n`);
  const expected = [piece('a'.repeat(16)), piece('a'.repeat(16)), lastPiece('a'.repeat(8)), ...whole('short')];
  for (const chunks of [[input], bytesOf(input), ...splits(input)]) {
    assert.deepEqual(decode(chunks, { maxLineBytes: 16 }), expected);
  }
});

test('a line fits when its ending fits too', () => {
  const limit = { maxLineBytes: 16 };
  assert.deepEqual(decode([Buffer.from(`${'a'.repeat(15)}\n`)], limit), whole('a'.repeat(15)));
  assert.deepEqual(decode([Buffer.from(`${'a'.repeat(16)}\n`)], limit), [piece('a'.repeat(16)), lastPiece('')]);
  assert.deepEqual(decode([Buffer.from(`${'a'.repeat(15)}\r\n`)], limit), [piece('a'.repeat(15)), lastPiece('')]);
  assert.deepEqual(decode([Buffer.from('a'.repeat(16))], limit), [piece('a'.repeat(16)), lastPiece('')]);
  assert.deepEqual(decode([Buffer.from('a'.repeat(15))], limit), whole('a'.repeat(15)));
});

test('pieces do not cut a character', () => {
  for (const char of ['ü', '€', '😀']) {
    for (let before = 0; before < 5; before++) {
      const text = `${'a'.repeat(before)}${char.repeat(30)}`;
      const lines = decode([Buffer.from(text)], { maxLineBytes: 16 });
      assert.equal(lines.map((line) => line.text).join(''), text);
      assert.ok(!lines.some((line) => line.text.includes('\uFFFD')));
    }
  }
});

test('fails at the limit where asked to, naming the beginning of the line', () => {
  const options = { maxLineBytes: 1000, tooLong: 'fail' } as const;
  const decoder = new LineDecoder(options);
  assert.deepEqual(decoder.push(Buffer.from('fine\nno')), whole('fine'));
  assert.deepEqual(decoder.push(Buffer.alloc(997, 'x')), []);
  assert.throws(
    () => decoder.push(Buffer.from('x')),
    (error) =>
      error instanceof ProtocolError &&
      error.code === 'ERR_LIMIT_EXCEEDED' &&
      (error.details.text ?? '').startsWith('noxxx') &&
      (error.details.text ?? '').length < 300,
  );
  assert.throws(() => decode([Buffer.alloc(1000, 'x')], options), ProtocolError);
});

test('a line of a gigabyte costs no memory and comes out whole', () => {
  const decoder = new LineDecoder();
  const chunk = Buffer.alloc(65_500, 'x');
  const before = process.memoryUsage().arrayBuffers;
  let length = 0;
  let peak = 0;
  const total = 16_394;
  for (let count = 0; count < total; count++) {
    for (const line of decoder.push(chunk)) length += line.text.length;
    if (count % 1024 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  for (const line of decoder.push(Buffer.from('\nnext\n'))) length += line.part === 'whole' ? 0 : line.text.length;
  assert.equal(length, total * chunk.length);
  assert.ok(length > 2 ** 30);
  assert.ok(peak < 2 ** 20, `${peak} bytes held`);
});

test('one huge chunk without LF is taken in linear time', () => {
  const lines = decode([Buffer.alloc(64 * 1024 * 1024, '€')]);
  assert.equal(
    lines.reduce((sum, line) => sum + Buffer.byteLength(line.text), 0),
    64 * 1024 * 1024 + 2,
  );
});

test('lines stay what they are when the chunk is reused', () => {
  const decoder = new LineDecoder();
  const chunk = Buffer.from('one\ntw');
  const [line] = decoder.push(chunk);
  chunk.fill(0);
  assert.equal(line?.text, 'one');
  assert.deepEqual(decoder.push(Buffer.from('o\n')), whole('two'));
});

test('refuses a limit that is no size', () => {
  for (const maxLineBytes of [15, 0, -1, 16.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new LineDecoder({ maxLineBytes }), OptionsError);
  }
});

test('property: agrees with reading everything at once', () => {
  const part = fc.constantFrom('a', 'bcdefgh', '\n', '\r', '\r\n', 'ü', '€', '😀', '\uFEFF', '0123456789abcdef');
  const input = fc.oneof(
    fc.array(part, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
    fc.uint8Array({ maxLength: 80 }),
    fc
      .array(fc.constantFrom(10, 13, 97, 0x80, 0xc3, 0xe2, 0xf0, 0xff), { maxLength: 60 })
      .map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(input, fc.array(fc.nat(80)), fc.integer({ min: 16, max: 40 }), (bytes, cuts, maxLineBytes) => {
      const borders = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
      assert.deepEqual(decode(chunks, { maxLineBytes }), oracle(bytes, maxLineBytes));
    }),
    { numRuns: 2000 },
  );
});
