import type { ChunkQueue } from '../../../wire/chunk-queue.js';
import { headerFramesBytes, writeFrameHeader, writeHeaders } from '../../../wire/http2/frame-encoder.js';
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  MAX_WINDOW_BYTES,
} from '../../../wire/http2/frames.js';
import type { Outbox } from './outbox.js';

/**
 * DATA frames are no larger than this, whatever the peer allows: a frame is what others have to wait for. A message of 64 KiB, the size in
 * which most programs read and write, goes in one with its prefix: one write for each of them instead of one and a half.
 */
const MAX_FRAME_BYTES = 128 * 1024;

/** Payloads below this are copied behind their frame header, larger ones are written as they are. */
const COPY_BELOW_BYTES = 8 * 1024;

/** A stream that has something to send and waits for its turn. */
export interface SendingStream {
  /** Sends up to one frame. True when it could go on: it has more, and its own window allows it. */
  sendNext(): boolean;
  /** The connection takes more. */
  onRoom(): void;
}

/** Sends HEADERS and DATA frames: connection window, frame size, and turns among the streams that have to wait. */
export class Sender {
  readonly #outbox: Outbox;
  #window = DEFAULT_WINDOW_BYTES;
  #maxPeerFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #queue: SendingStream[] = [];
  #thirsty: SendingStream[] = [];
  #pumping = false;
  /** The frame behind which more of the same stream may go: where it is, whose, and how long its payload is. */
  #openPiece = -1;
  #openAt = 0;
  #openStreamId = 0;
  #openBytes = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  set maxPeerFrameBytes(bytes: number) {
    this.#maxPeerFrameBytes = bytes;
    this.#maxFrameBytes = Math.min(bytes, MAX_FRAME_BYTES);
  }

  /** Time to stop producing; `thirst` tells when it is over. */
  get full(): boolean {
    return this.#outbox.full;
  }

  /** Whether a chunk may go at once, as far as the connection is concerned. */
  fits(bytes: number): boolean {
    return bytes <= this.#maxFrameBytes && bytes <= this.#window && this.#queue.length === 0 && !this.#outbox.full;
  }

  /** How many of so many bytes may go in one frame now. */
  room(bytes: number): number {
    return this.#outbox.full ? 0 : Math.min(bytes, this.#maxFrameBytes, this.#window);
  }

  /** Widens the connection's window; false when it would overflow. */
  grant(increment: number): boolean {
    if (this.#window + increment > MAX_WINDOW_BYTES) return false;
    this.#window += increment;
    this.pump();
    return true;
  }

  sendHeaders(streamId: number, block: Uint8Array, endStream: boolean): void {
    const outbox = this.#outbox;
    const at = outbox.reserve(headerFramesBytes(block.length, this.#maxPeerFrameBytes));
    writeHeaders(outbox.slab, at, streamId, block, endStream, this.#maxPeerFrameBytes);
    outbox.commit(endStream);
  }

  /** One DATA frame with a chunk that fits, which belongs to the outbox from here on. */
  sendData(streamId: number, chunk: Uint8Array, endStream: boolean): void {
    const outbox = this.#outbox;
    const { length } = chunk;
    this.#window -= length;
    if (length >= COPY_BELOW_BYTES) {
      this.#writeHeader(outbox.reserve(FRAME_HEADER_BYTES), streamId, length, endStream);
      outbox.push(chunk);
    } else if (endStream || !this.#append(streamId, chunk)) {
      const at = outbox.reserve(FRAME_HEADER_BYTES + length);
      outbox.slab.set(chunk, this.#writeHeader(at, streamId, length, endStream));
      this.#openPiece = endStream ? -1 : outbox.piece;
      this.#openAt = at;
      this.#openStreamId = streamId;
      this.#openBytes = length;
    }
    outbox.commit(endStream);
  }

  /**
   * Adds a chunk to the stream's last frame, as long as nothing follows it and it has not left: a frame for each of many small messages
   * costs either end more than the message does.
   */
  #append(streamId: number, chunk: Uint8Array): boolean {
    if (streamId !== this.#openStreamId) return false;
    const bytes = this.#openBytes + chunk.length;
    const end = this.#openAt + FRAME_HEADER_BYTES + this.#openBytes;
    const outbox = this.#outbox;
    const { slab } = outbox;
    if (bytes > this.#maxFrameBytes || end + chunk.length > slab.length) return false;
    if (!outbox.isLast(this.#openPiece, end)) return false;
    outbox.reserve(chunk.length);
    slab.set(chunk, end);
    slab[this.#openAt] = bytes >>> 16;
    slab[this.#openAt + 1] = bytes >>> 8;
    slab[this.#openAt + 2] = bytes;
    this.#openBytes = bytes;
    return true;
  }

  #writeHeader(at: number, streamId: number, length: number, endStream: boolean): number {
    const flags = endStream ? FrameFlag.endStream : 0;
    return writeFrameHeader(this.#outbox.slab, at, length, FrameType.data, flags, streamId);
  }

  /** One DATA frame with so many bytes of a queue, however many chunks they are. */
  sendQueued(streamId: number, queue: ChunkQueue, length: number, endStream: boolean): void {
    const outbox = this.#outbox;
    this.#writeHeader(outbox.reserve(FRAME_HEADER_BYTES), streamId, length, endStream);
    this.#window -= length;
    for (let left = length; left > 0; ) {
      const piece = queue.readSome(left)!;
      left -= piece.length;
      if (piece.length >= COPY_BELOW_BYTES) outbox.push(piece);
      else {
        const from = outbox.reserve(piece.length);
        outbox.slab.set(piece, from);
        outbox.used(piece);
      }
    }
    outbox.commit(endStream);
  }

  /** Lets a stream take part in the turns. */
  schedule(stream: SendingStream): void {
    this.#queue.push(stream);
    this.pump();
  }

  /** Asks for `onRoom` once the connection takes more. */
  thirst(stream: SendingStream): void {
    this.#thirsty.push(stream);
  }

  /** Lets the waiting streams send, one frame each in turn, as far as the connection allows. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const queue = this.#queue;
    let next = 0;
    while (next < queue.length && this.#window > 0 && !this.#outbox.full) {
      const stream = queue[next]!;
      next += 1;
      if (stream.sendNext()) queue.push(stream);
    }
    if (next > 0) this.#queue = queue.slice(next);
    this.#pumping = false;
    if (this.#thirsty.length > 0 && !this.#outbox.full) this.#quench();
  }

  #quench(): void {
    const thirsty = this.#thirsty;
    this.#thirsty = [];
    for (const stream of thirsty) stream.onRoom();
  }
}
