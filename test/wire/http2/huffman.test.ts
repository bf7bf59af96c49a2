import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { huffmanBytes, readHuffman, writeHuffman } from '../../../src/wire/http2/huffman.js';
import { EOS, huffmanCode } from '../../../src/wire/http2/huffman-code.js';

const golden = fileURLToPath(new URL('../../../../test/golden/hpack/vectors.json', import.meta.url));
const vectors = JSON.parse(readFileSync(golden, 'utf8')) as {
  readonly huffman: readonly { readonly text: string; readonly code: string }[];
};

function encode(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 4 + 1);
  return out.subarray(0, writeHuffman(out, 0, text));
}

function decode(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2);
  return out.subarray(0, readHuffman(bytes, 0, bytes.length, out));
}

/** One bit after the other, against the table: slow and plain. */
function decodeNaively(bytes: Uint8Array): number[] | undefined {
  const { bits, lengths } = huffmanCode();
  const symbols = new Map(Array.from(lengths, (length, symbol) => [`${length}:${bits[symbol]}`, symbol]));
  const result: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | ((byte >>> bit) & 1);
      length += 1;
      const symbol = symbols.get(`${length}:${code}`);
      if (symbol === EOS) return undefined;
      if (symbol === undefined) continue;
      result.push(symbol);
      code = 0;
      length = 0;
    }
  }
  return length < 8 && code === (1 << length) - 1 ? result : undefined;
}

test('encodes and decodes every octet and text as Go does', () => {
  assert.ok(vectors.huffman.length > 256);
  for (const { text, code } of vectors.huffman) {
    const latin1 = Buffer.from(text, 'hex').toString('latin1');
    assert.equal(Buffer.from(encode(latin1)).toString('hex'), code);
    assert.equal(huffmanBytes(latin1), code.length / 2);
    assert.equal(Buffer.from(decode(Buffer.from(code, 'hex'))).toString('hex'), text);
  }
});

test('decodes any bytes as a bit-by-bit decoder does, or refuses them as it does', () => {
  const biased = fc.array(fc.oneof(fc.constantFrom(0xff, 0xfe, 0x1f, 0x00), fc.integer({ min: 0, max: 255 })), {
    maxLength: 24,
  });
  fc.assert(
    fc.property(biased, (numbers) => {
      const bytes = Uint8Array.from(numbers);
      const expected = decodeNaively(bytes);
      if (expected === undefined) assert.throws(() => decode(bytes), /Huffman/);
      else assert.deepEqual([...decode(bytes)], expected);
    }),
    { numRuns: 3000 },
  );
});

test('is complete: the lengths fill the code exactly', () => {
  const { lengths } = huffmanCode();
  assert.equal(lengths.length, 257);
  assert.equal(
    Array.from(lengths).reduce((sum, length) => sum + 2 ** (30 - length), 0),
    2 ** 30,
  );
});
