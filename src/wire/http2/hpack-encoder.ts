import { OptionsError } from '../../errors.js';
import { DynamicTable } from './dynamic-table.js';
import { huffmanBytes, writeHuffman } from './huffman.js';
import { DEFAULT_TABLE_BYTES, STATIC_ENTRIES, STATIC_NAMES, STATIC_VALUES } from './static-table.js';

export interface HpackEncoderOptions {
  /** Most bytes of the dynamic table, whatever more the peer would allow. @default 4096 */
  readonly maxTableBytes?: number;
  /** Huffman-code strings that become shorter. Between two processes that takes more time than it saves. @default false */
  readonly huffman?: boolean;
}

/** Fields whose values never enter a table, here or in an intermediary (RFC 7541 §7.1.3). */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

/** Fields that were seen once and are remembered; beyond it all are forgotten. */
const MAX_SIGHTINGS = 256;

/** Longer values are always literals. */
const MAX_INDEXED_VALUE = 512;

/** Lists whose encoding is remembered, one for each `:path` or first field; beyond it all are forgotten. */
const MAX_KNOWN_LISTS = 1024;

interface KnownList {
  readonly list: readonly string[];
  readonly generation: number;
  readonly block: Uint8Array;
}

/**
 * Encoder of one connection's header blocks (RFC 7541). A field enters the table when it is seen for the second time and there is room, so
 * that a field that differs in every call never evicts one that all calls share. The table stops changing, the blocks of a method are the
 * same in every call, and each is encoded once.
 */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #maxTableBytes: number;
  readonly #huffman: boolean;
  /** Number of the insertion by name and value. */
  readonly #inserted = new Map<string, Map<string, number>>();
  #insertions = 0;
  readonly #sightings = new Map<string, Set<string>>();
  #sightingCount = 0;
  readonly #known = new Map<string, KnownList>();
  #resizeTo = -1;
  #out = new Uint8Array(512);
  #at = 0;

  constructor(options: HpackEncoderOptions = {}) {
    this.#maxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    this.#huffman = options.huffman ?? false;
    this.#table = new DynamicTable(this.#maxTableBytes);
    if (this.#maxTableBytes < DEFAULT_TABLE_BYTES) this.#resizeTo = this.#maxTableBytes;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. The table is emptied, which the next block announces. */
  setPeerTableBytes(bytes: number): void {
    const wanted = Math.min(bytes, this.#maxTableBytes);
    if (this.#resizeTo < 0 && wanted === this.#table.maxBytes) return;
    this.#resizeTo = wanted;
    this.#table.resize(0);
    this.#table.resize(wanted);
    this.#inserted.clear();
  }

  /**
   * Encodes a list of lower-case names and values, one octet per character. The bytes are valid until the next call. Throws OptionsError
   * for a character that is not an octet; nothing was encoded then.
   */
  encode(list: readonly string[]): Uint8Array {
    const key = keyOf(list);
    const known = this.#known.get(key);
    if (
      known !== undefined &&
      known.generation === this.#table.generation &&
      this.#resizeTo < 0 &&
      isSame(known.list, list)
    ) {
      return known.block;
    }
    this.#prepare(list);
    const indexedOnly = this.#encodeFields(list);
    const block = this.#out.subarray(0, this.#at);
    if (indexedOnly) this.#remember(key, list, block);
    return block;
  }

  #remember(key: string, list: readonly string[], block: Uint8Array): void {
    if (this.#known.size >= MAX_KNOWN_LISTS) this.#known.clear();
    this.#known.set(key, { list: [...list], generation: this.#table.generation, block: Uint8Array.from(block) });
  }

  /** Makes room for the longest possible block, before the table is changed. */
  #prepare(list: readonly string[]): void {
    assertEncodable(list);
    let bytes = 16;
    for (const text of list) bytes += text.length + 8;
    if (this.#out.length < bytes) this.#out = new Uint8Array(bytes * 2);
    this.#at = 0;
  }

  #encodeFields(list: readonly string[]): boolean {
    let indexedOnly = this.#resizeTo < 0;
    if (!indexedOnly) {
      this.#integer(0x20, 5, 0);
      this.#integer(0x20, 5, this.#resizeTo);
      this.#resizeTo = -1;
    }
    for (let index = 0; index < list.length; index += 2) {
      const entry = this.#find(list[index]!, list[index + 1]!);
      if (entry > 0) this.#integer(0x80, 7, entry);
      else {
        indexedOnly = false;
        this.#literal(list[index]!, list[index + 1]!);
      }
    }
    return indexedOnly;
  }

  /** Index of a field in either table, or 0. */
  #find(name: string, value: string): number {
    const insertion = this.#inserted.get(name)?.get(value);
    if (insertion !== undefined) return STATIC_ENTRIES + this.#insertions - insertion + 1;
    return staticIndex().get(name)?.get(value) ?? 0;
  }

  #literal(name: string, value: string): void {
    const indexing = this.#isWorthIndexing(name, value) && this.#table.hasRoom(name, value);
    const nameIndex = this.#findName(name);
    if (indexing) this.#integer(0x40, 6, nameIndex);
    else this.#integer(SECRET.has(name) ? 0x10 : 0, 4, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
    if (indexing) this.#insert(name, value);
  }

  #findName(name: string): number {
    const inStatic = staticIndex().get(name)?.values().next().value;
    if (inStatic !== undefined) return inStatic;
    const insertion = this.#inserted.get(name)?.values().next().value;
    return insertion === undefined ? 0 : STATIC_ENTRIES + this.#insertions - insertion + 1;
  }

  #insert(name: string, value: string): void {
    this.#table.add(name, value);
    this.#insertions += 1;
    let values = this.#inserted.get(name);
    if (values === undefined) this.#inserted.set(name, (values = new Map()));
    values.set(value, this.#insertions);
  }

  /** True when the field was seen before. */
  #isWorthIndexing(name: string, value: string): boolean {
    if (value.length > MAX_INDEXED_VALUE || SECRET.has(name)) return false;
    let values = this.#sightings.get(name);
    if (values?.has(value)) return true;
    if (this.#sightingCount >= MAX_SIGHTINGS) {
      this.#sightings.clear();
      this.#sightingCount = 0;
      values = undefined;
    }
    if (values === undefined) this.#sightings.set(name, (values = new Set()));
    values.add(value);
    this.#sightingCount += 1;
    return false;
  }

  #integer(pattern: number, prefixBits: number, value: number): void {
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.#out[this.#at++] = pattern | value;
      return;
    }
    this.#out[this.#at++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.#out[this.#at++] = 0x80 | rest;
    this.#out[this.#at++] = rest;
  }

  #string(text: string): void {
    const short = this.#huffman ? huffmanBytes(text) : text.length;
    if (short < text.length) {
      this.#integer(0x80, 7, short);
      this.#at = writeHuffman(this.#out, this.#at, text);
      return;
    }
    this.#integer(0, 7, text.length);
    for (let index = 0; index < text.length; index += 1) this.#out[this.#at++] = text.charCodeAt(index);
  }
}

/** Throws OptionsError when a list contains a character that is not an octet. */
export function assertEncodable(list: readonly string[]): void {
  for (const text of list) {
    if (!/[^\0-\xff]/.test(text)) continue;
    const shown = JSON.stringify(text.slice(0, 80));
    throw new OptionsError(`Expected header text of characters up to U+00FF, got ${shown}.`);
  }
}

/** The key of a list in the cache: the path of a request, which is one of the first fields, else the first name. */
function keyOf(list: readonly string[]): string {
  for (let index = 0; index < 8 && index < list.length; index += 2)
    if (list[index] === ':path') return list[index + 1]!;
  return list[0] ?? '';
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

let statics: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined;

function staticIndex(): ReadonlyMap<string, ReadonlyMap<string, number>> {
  statics ??= createStaticIndex();
  return statics;
}

function createStaticIndex(): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const byName = new Map<string, Map<string, number>>();
  for (let index = 1; index <= STATIC_ENTRIES; index += 1) {
    const values = byName.get(STATIC_NAMES[index]!) ?? new Map<string, number>();
    values.set(STATIC_VALUES[index]!, index);
    byName.set(STATIC_NAMES[index]!, values);
  }
  return byName;
}
