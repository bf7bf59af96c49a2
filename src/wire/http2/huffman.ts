import { Http2ErrorCode, http2Error } from './frames.js';
import { EOS, type HuffmanCode, huffmanCode } from './huffman-code.js';

/** Bytes of a Latin-1 text when Huffman-coded (RFC 7541 §5.2). */
export function huffmanBytes(text: string): number {
  const { lengths } = huffmanCode();
  let bits = 0;
  for (let index = 0; index < text.length; index += 1) bits += lengths[text.charCodeAt(index) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Writes a Latin-1 text Huffman-coded and returns the offset behind it. */
export function writeHuffman(out: Uint8Array, at: number, text: string): number {
  const { bits, lengths } = huffmanCode();
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const symbol = text.charCodeAt(index) & 0xff;
    let left = lengths[symbol]!;
    // At most 7 bits are pending and a code has at most 30: in two steps, the sum stays within 32 bits.
    if (left > 16) {
      left -= 16;
      pending = (pending << left) | (bits[symbol]! >>> 16);
      pendingBits += left;
      for (; pendingBits >= 8; pendingBits -= 8) out[at++] = pending >>> (pendingBits - 8);
      left = 16;
    }
    pending = (pending << left) | (bits[symbol]! & ((1 << left) - 1));
    pendingBits += left;
    for (; pendingBits >= 8; pendingBits -= 8) out[at++] = pending >>> (pendingBits - 8);
  }
  if (pendingBits > 0) out[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return at;
}

const SYMBOL = 0x100;
const FAILED = 0x200;

/**
 * The decoder as a state machine that reads four bits at a time. A step is computed when it is first taken: a peer's strings take few of them,
 * and a plugin that lives for one call should not compute them all.
 */
interface HuffmanAutomaton {
  readonly children: readonly number[];
  /** For a state and four bits: the next state in the high 16 bits, a symbol and flags in the low 16; 0 as long as it is not computed. */
  readonly steps: Uint32Array;
  /** Which states may end a string: since the last symbol only padding was read, and less than a byte. */
  readonly accepting: Uint8Array;
}

let automaton: HuffmanAutomaton | undefined;

/**
 * Decodes a Huffman string from `bytes` into `out`, returns how many bytes it wrote; `out` needs 8/5 of the input. Throws on EOS
 * and on padding that is too long or not all ones (RFC 7541 §5.2).
 */
export function readHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  automaton ??= createAutomaton(huffmanCode());
  const { children, steps, accepting } = automaton;
  let state = 0;
  let written = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    const first = (state << 4) | (byte >>> 4);
    const high = steps[first]! || (steps[first] = createStep(children, first));
    if ((high & SYMBOL) !== 0) out[written++] = high;
    const second = ((high >>> 16) << 4) | (byte & 0xf);
    const low = steps[second]! || (steps[second] = createStep(children, second));
    if ((low & SYMBOL) !== 0) out[written++] = low;
    if (((high | low) & FAILED) !== 0)
      throw http2Error(Http2ErrorCode.compressionError, 'a Huffman string contains EOS');
    state = low >>> 16;
  }
  if (accepting[state] === 0) throw http2Error(Http2ErrorCode.compressionError, 'a Huffman string has a wrong padding');
  return written;
}

/** The code tree as arrays: `children[2 * node + bit]` is a node, or a symbol as `-1 - symbol`. Node 0 is the root. */
function createTree({ bits, lengths }: HuffmanCode): number[] {
  const children: number[] = [0, 0];
  for (let symbol = 0; symbol <= EOS; symbol += 1) {
    let node = 0;
    for (let left = lengths[symbol]! - 1; left > 0; left -= 1) {
      const slot = 2 * node + ((bits[symbol]! >>> left) & 1);
      if (children[slot] === 0) {
        children[slot] = children.length / 2;
        children.push(0, 0);
      }
      node = children[slot]!;
    }
    children[2 * node + (bits[symbol]! & 1)] = -1 - symbol;
  }
  return children;
}

function createAutomaton(code: HuffmanCode): HuffmanAutomaton {
  const children = createTree(code);
  const states = children.length / 2;
  const accepting = new Uint8Array(states);
  for (let node = 0, depth = 0; depth < 8; depth += 1) {
    accepting[node] = 1;
    node = children[2 * node + 1]!;
  }
  return { children, steps: new Uint32Array(states * 16), accepting };
}

/** Never 0. No code has fewer than five bits, so four bits yield at most one symbol. */
function createStep(children: readonly number[], step: number): number {
  const nibble = step & 0xf;
  let node = step >>> 4;
  let result = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    const child = children[2 * node + ((nibble >>> bit) & 1)]!;
    if (child >= 0) node = child;
    else if (child === -1 - EOS) return FAILED;
    else {
      result = SYMBOL | (-1 - child);
      node = 0;
    }
  }
  return (node << 16) | result;
}
