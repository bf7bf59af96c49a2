/** The symbol whose first bits pad a string, and which must not occur in one (RFC 7541 §5.2). */
export const EOS = 256;

/**
 * Lengths of the codes of symbols 0 to 256 in bits (RFC 7541 Appendix B), as `length*count` runs. The code is canonical, ordered by length
 * and then by symbol, so it follows from the lengths.
 */
const LENGTHS =
  '13 23 28*7 24 30 28*2 30 28*8 30 28*9 6 10*2 12 13 6 8 11 10*2 8 11 8 6*3 5*3 6*7 7 8 15 6 12 10 13 6 7*22 8 7 8 13 19 ' +
  '13 14 6 15 5 6 5 6 5 6*3 5 7*2 6*3 5 6 7 6 5*2 6 7*5 15 11 14 13 28 20 22 20*2 22*3 23 22 23*5 24 23 24*2 22 23 24 ' +
  '23*4 21 22 23 22 23*2 24 22 21 20 22*2 23*2 21 23 22*2 24 21 22 23*2 21*2 22 21 23 22 23*2 20 22*3 23 22*2 23 26*2 20 ' +
  '19 22 23 22 25 26*3 27*2 26 24 25 19 21 26 27*2 26 27 24 21*2 26*2 28 27*3 20 24 20 21 22 21*2 23 22*2 25*2 24*2 26 23 ' +
  '26 27 26*2 27*5 28 27*5 26 30';

/** The Huffman code of HPACK: the bits of each symbol, right-aligned, and how many there are. */
export interface HuffmanCode {
  readonly bits: Uint32Array;
  readonly lengths: Uint8Array;
}

function createHuffmanCode(): HuffmanCode {
  const lengths = Uint8Array.from(
    LENGTHS.split(' ').flatMap((run) => {
      const [length, count = '1'] = run.split('*');
      return Array.from({ length: Number(count) }, () => Number(length));
    }),
  );
  const bits = new Uint32Array(lengths.length);
  const order = Array.from(lengths, (_, symbol) => symbol).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  let code = 0;
  let length = lengths[order[0]!]!;
  for (const symbol of order) {
    code <<= lengths[symbol]! - length;
    length = lengths[symbol]!;
    bits[symbol] = code;
    code += 1;
  }
  return { bits, lengths };
}

let made: HuffmanCode | undefined;

/** The code, computed on first use: most connections receive no Huffman-coded string. */
export function huffmanCode(): HuffmanCode {
  made ??= createHuffmanCode();
  return made;
}
