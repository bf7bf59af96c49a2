import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { type ArchiveLimits, MIN_RATIO_BYTES } from './limits.js';
import { malformed } from './refused.js';

const TRAILER_BYTES = 8;
/** Of the optional name and comment in the header. */
const MAX_HEADER_BYTES = 4096;

/** Flags of RFC 1952. */
const FLAG = { crc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/**
 * Decompresses one gzip member, RFC 1952, and refuses what follows it: node's own Gunzip reads several members as one, and ignores zeros
 * after the last. Fails with StoreError ERR_ARCHIVE, also for more bytes than the limits allow.
 */
export async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, maxRatio }: Pick<Required<ArchiveLimits>, 'maxBytes' | 'maxRatio'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const member = new Member(source);
  const inflate = createInflateRaw();
  try {
    const fed = member.feed(inflate);
    fed.catch((error: unknown) => inflate.destroy(error as Error));
    let [crc, size] = [0, 0];
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      if (size > maxBytes) throw malformed(`it is unpacked to more than ${maxBytes} bytes`);
      if (size > MIN_RATIO_BYTES && size > maxRatio * member.fedBytes)
        throw malformed(`it is unpacked to more than ${maxRatio} times its size`);
      yield chunk;
    }
    await fed;
    member.check(inflate.bytesWritten, crc, size);
  } catch (error) {
    throw isOfZlib(error) ? malformed(`it cannot be decompressed (${error.message})`, error) : error;
  } finally {
    inflate.destroy();
  }
}

/** The bytes of a gzip member around and in its compressed data. */
class Member {
  readonly #source: AsyncIterable<Uint8Array>;
  #tail = Buffer.alloc(0);
  fedBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  /** Passes all after the header on, until the decompression has ended; the rest is counted. */
  async feed(inflate: InflateRaw): Promise<void> {
    let head: Buffer | undefined = Buffer.alloc(0);
    const ended = new Promise<void>((resolve) => inflate.once('end', resolve).once('close', resolve));
    for await (const chunk of this.#source) {
      let data: Uint8Array = chunk;
      if (head !== undefined) {
        head = Buffer.concat([head, chunk]);
        const length = headerLength(head);
        if (length === undefined) continue;
        data = head.subarray(length);
        head = undefined;
      }
      if (inflate.destroyed && !inflate.readableEnded) return;
      await this.#pass(inflate, data, ended);
    }
    if (head !== undefined) throw malformed('it is no gzip file, or ends in the header of one');
    inflate.end();
  }

  async #pass(inflate: InflateRaw, data: Uint8Array, ended: Promise<void>): Promise<void> {
    if (data.length === 0) return;
    this.fedBytes += data.length;
    this.#tail = Buffer.concat([this.#tail, data.subarray(-TRAILER_BYTES)]).subarray(-TRAILER_BYTES);
    if (inflate.readableEnded) {
      if (this.fedBytes > inflate.bytesWritten + TRAILER_BYTES) throw trailing();
      return;
    }
    await Promise.race([new Promise<void>((resolve) => inflate.write(data, () => resolve())), ended]);
  }

  /** `used` is how many bytes the decompression has taken. */
  check(used: number, crc: number, size: number): void {
    if (this.fedBytes < used + TRAILER_BYTES) throw malformed('it ends in the middle of its checksum');
    if (this.fedBytes > used + TRAILER_BYTES) throw trailing();
    if (this.#tail.readUInt32LE(0) !== crc || this.#tail.readUInt32LE(4) !== size % 2 ** 32)
      throw malformed('its checksum is not that of its content');
  }
}

function trailing() {
  return malformed('there are bytes after its end');
}

/** Undefined when there is more to come. Throws StoreError ERR_ARCHIVE. */
function headerLength(head: Buffer): number | undefined {
  if (head.length < 10) return undefined;
  const flags = head[3]!;
  if (head[0] !== 0x1f || head[1] !== 0x8b || head[2] !== 8 || (flags & FLAG.reserved) !== 0)
    throw malformed('it is no gzip file');
  let at = 10;
  if ((flags & FLAG.extra) !== 0) {
    if (head.length < at + 2) return undefined;
    at += 2 + head.readUInt16LE(at);
  }
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) === 0) continue;
    const end = head.indexOf(0, at);
    if (end === -1) return unfinished(head);
    at = end + 1;
  }
  if ((flags & FLAG.crc) !== 0) at += 2;
  return head.length < at ? unfinished(head) : at;
}

function unfinished(head: Buffer): undefined {
  if (head.length > MAX_HEADER_BYTES) throw malformed('its gzip header is too long');
  return undefined;
}

function isOfZlib(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
