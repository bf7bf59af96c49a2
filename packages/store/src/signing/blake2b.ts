/** BLAKE2b with 32 bytes of output, which node:crypto does not have (it is no part of its `blake2b512`). Of at most 128 bytes. RFC 7693. */
export function blake2b256(message: Uint8Array): Buffer {
  if (message.length > BLOCK_BYTES)
    throw new RangeError(`Expected at most ${BLOCK_BYTES} bytes, got ${message.length}.`);
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(message);
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const state = IV.map((word, index) => (index === 0 ? word ^ PARAMETERS : word));
  const v = BigUint64Array.from([...state, ...IV]);
  v[12]! ^= BigInt(message.length);
  v[14]! ^= FINAL;
  for (let round = 0; round < 12; round++) mixRound(v, words, SIGMA[round % 10]!);
  const out = Buffer.alloc(OUTPUT_BYTES);
  for (let index = 0; index < 4; index++) out.writeBigUInt64LE(state[index]! ^ v[index]! ^ v[index + 8]!, index * 8);
  return out;
}

const BLOCK_BYTES = 128;
const OUTPUT_BYTES = 32;
/** No key, one leaf, 32 bytes of output. */
const PARAMETERS = 0x01_01_00_20n;
const FINAL = 0xffff_ffff_ffff_ffffn;

const IV: readonly bigint[] = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];

/** Each row is the order of the words in a round, in hexadecimal. */
const SIGMA: readonly (readonly number[])[] = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
].map((row) => Array.from(row, (digit) => Number.parseInt(digit, 16)));

const COLUMNS = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
const DIAGONALS = [0, 5, 10, 15, 1, 6, 11, 12, 2, 7, 8, 13, 3, 4, 9, 14];

function mixRound(v: BigUint64Array, words: readonly bigint[], order: readonly number[]): void {
  const places = [...COLUMNS, ...DIAGONALS];
  for (let step = 0; step < 8; step++) {
    const [a, b, c, d] = places.slice(step * 4) as [number, number, number, number];
    mix(v, [a, b, c, d], words[order[step * 2]!]!, 32n, 24n);
    mix(v, [a, b, c, d], words[order[step * 2 + 1]!]!, 16n, 63n);
  }
}

function mix(
  v: BigUint64Array,
  [a, b, c, d]: readonly [number, number, number, number],
  word: bigint,
  first: bigint,
  second: bigint,
): void {
  v[a] = v[a]! + v[b]! + word;
  v[d] = rotated(v[d]! ^ v[a]!, first);
  v[c] = v[c]! + v[d]!;
  v[b] = rotated(v[b]! ^ v[c]!, second);
}

function rotated(word: bigint, bits: bigint): bigint {
  return (word >> bits) | ((word << (64n - bits)) & FINAL);
}
