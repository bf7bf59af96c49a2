import type { ChunkQueue } from '../../../wire/chunk-queue.js';
import {
  encodeGoAway,
  FRAME_BYTES,
  headerFramesBytes,
  writeFrameHeader,
  writeHeaders,
  writePing,
  writeResetStream,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../wire/http2/frame-encoder.js';
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  Http2ErrorCode,
  http2Error,
  MAX_WINDOW_BYTES,
} from '../../../wire/http2/frames.js';
import { HpackEncoder } from '../../../wire/http2/hpack-encoder.js';
import { MAX_QUEUED_ANSWERS } from '../limits.js';
import type { Outbox } from './outbox.js';

/**
 * DATA frames are no larger than this, whatever the peer allows, because other streams wait for the end of a frame. A message of 64 KiB,
 * the size in which most programs read and write, goes in one frame with its prefix: one write for each of them instead of one and a half.
 */
const MAX_FRAME_BYTES = 128 * 1024;

/** Payloads below this are copied behind their frame header, larger ones are written as they are. */
const COPY_BELOW_BYTES = 8 * 1024;

/** A stream that has something to send and waits for its turn. */
export interface SendingStream {
  /** Sends up to one frame. True when the stream has more, and its own window allows it. */
  sendNext(): boolean;
  /** The connection takes more. */
  onDrained(): void;
}

/** Sends all frames: header compression, the connection's send window, frame sizes, and turns among the streams that have to wait. */
export class Sender {
  readonly encoder = new HpackEncoder();
  readonly #outbox: Outbox;
  #window = DEFAULT_WINDOW_BYTES;
  #maxPeerFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #queue: SendingStream[] = [];
  #waitingForDrain: SendingStream[] = [];
  #pumping = false;
  /** Answers since the connection last drained. */
  #queuedAnswers = 0;
  /** The last DATA frame, to which more of its stream may be appended: where it is, its stream, and the length of its payload. */
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

  /** The connection accepts no more for now: wait for `onDrained`. */
  get full(): boolean {
    return this.#outbox.full;
  }

  /** Whether a chunk may be sent at once, as far as the connection is concerned. */
  fits(bytes: number): boolean {
    return bytes <= this.#maxFrameBytes && bytes <= this.#window && this.#queue.length === 0 && !this.#outbox.full;
  }

  /** How many of `bytes` may be sent in one frame now. */
  room(bytes: number): number {
    return this.#outbox.full ? 0 : Math.min(bytes, this.#maxFrameBytes, this.#window);
  }

  /** WINDOW_UPDATE of the connection; false when its window would overflow. */
  increaseWindow(increment: number): boolean {
    if (this.#window + increment > MAX_WINDOW_BYTES) return false;
    this.#window += increment;
    this.#pump();
    return true;
  }

  /** `block`: what `encoder` gave for this stream. Blocks are sent in the order in which they were encoded. */
  sendHeaders(streamId: number, block: Uint8Array, endStream: boolean): void {
    const outbox = this.#outbox;
    const at = outbox.reserve(headerFramesBytes(block.length, this.#maxPeerFrameBytes));
    writeHeaders(outbox.buffer, at, streamId, block, endStream, this.#maxPeerFrameBytes);
    outbox.commit(endStream);
  }

  /** One DATA frame with a chunk that fits, which belongs to the outbox from here on. */
  sendData(streamId: number, chunk: Uint8Array, endStream: boolean): void {
    const outbox = this.#outbox;
    const { length } = chunk;
    this.#window -= length;
    if (length >= COPY_BELOW_BYTES) {
      this.#writeDataHeader(outbox.reserve(FRAME_HEADER_BYTES), streamId, length, endStream);
      outbox.push(chunk);
    } else if (endStream || !this.#append(streamId, chunk)) {
      const at = outbox.reserve(FRAME_HEADER_BYTES + length);
      outbox.buffer.set(chunk, this.#writeDataHeader(at, streamId, length, endStream));
      this.#openPiece = endStream ? -1 : outbox.piece;
      this.#openAt = at;
      this.#openStreamId = streamId;
      this.#openBytes = length;
    }
    outbox.commit(endStream);
  }

  /** One DATA frame with the first `length` bytes of a queue. */
  sendQueued(streamId: number, queue: ChunkQueue, length: number, endStream: boolean): void {
    const outbox = this.#outbox;
    this.#writeDataHeader(outbox.reserve(FRAME_HEADER_BYTES), streamId, length, endStream);
    this.#window -= length;
    for (let left = length; left > 0; ) {
      const piece = queue.readSome(left)!;
      left -= piece.length;
      if (piece.length >= COPY_BELOW_BYTES) outbox.push(piece);
      else {
        const from = outbox.reserve(piece.length);
        outbox.buffer.set(piece, from);
        outbox.releaseAfterWrite(piece);
      }
    }
    outbox.commit(endStream);
  }

  resetStream(streamId: number, code: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.resetStream);
    writeResetStream(this.#outbox.buffer, at, streamId, code);
    this.#outbox.commit(false);
  }

  /** RST_STREAM in answer to a frame for which there is no stream. */
  refuseStream(streamId: number, code: number): void {
    this.resetStream(streamId, code);
    this.#countAnswer();
  }

  /** Stream 0 is the connection. Sent at once: one turn may read two megabytes, and a sender without window would wait for its end. */
  sendWindowUpdate(streamId: number, increment: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.windowUpdate);
    writeWindowUpdate(this.#outbox.buffer, at, streamId, increment);
    this.#outbox.flush();
  }

  /** Eight bytes of `data` from `from` on. */
  sendPing(ack: boolean, data: Uint8Array, from: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.ping);
    writePing(this.#outbox.buffer, at, ack, data, from);
    this.#outbox.commit(!ack);
    if (ack) this.#countAnswer();
  }

  sendSettingsAck(): void {
    const at = this.#outbox.reserve(FRAME_BYTES.settingsAck);
    writeSettingsAck(this.#outbox.buffer, at);
    this.#outbox.commit(false);
    this.#countAnswer();
  }

  sendGoAway(lastStreamId: number, code: number, reason?: string): void {
    this.#outbox.push(encodeGoAway(lastStreamId, code, reason));
    this.#outbox.commit(true);
  }

  /** Adds a stream to those that send in turns. */
  schedule(stream: SendingStream): void {
    this.#queue.push(stream);
    this.#pump();
  }

  /** Asks for `onDrained` once the connection takes more. */
  waitForDrain(stream: SendingStream): void {
    this.#waitingForDrain.push(stream);
  }

  /** The connection has drained. */
  onDrained(): void {
    this.#queuedAnswers = 0;
    this.#pump();
  }

  /** Lets the waiting streams send, one frame each in turn, as far as the connection allows. */
  #pump(): void {
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
    if (this.#waitingForDrain.length > 0 && !this.#outbox.full) this.#notifyDrained();
  }

  #notifyDrained(): void {
    const waiting = this.#waitingForDrain;
    this.#waitingForDrain = [];
    for (const stream of waiting) stream.onDrained();
  }

  /**
   * Appends a chunk to the stream's last frame, as long as nothing follows it and it was not written. A frame for each small message would
   * cost both ends more than the message does.
   */
  #append(streamId: number, chunk: Uint8Array): boolean {
    if (streamId !== this.#openStreamId) return false;
    const bytes = this.#openBytes + chunk.length;
    const end = this.#openAt + FRAME_HEADER_BYTES + this.#openBytes;
    const outbox = this.#outbox;
    const { buffer } = outbox;
    if (bytes > this.#maxFrameBytes || end + chunk.length > buffer.length) return false;
    if (!outbox.isLast(this.#openPiece, end)) return false;
    outbox.reserve(chunk.length);
    buffer.set(chunk, end);
    buffer[this.#openAt] = bytes >>> 16;
    buffer[this.#openAt + 1] = bytes >>> 8;
    buffer[this.#openAt + 2] = bytes;
    this.#openBytes = bytes;
    return true;
  }

  #writeDataHeader(at: number, streamId: number, length: number, endStream: boolean): number {
    const flags = endStream ? FrameFlag.endStream : 0;
    return writeFrameHeader(this.#outbox.buffer, at, length, FrameType.data, flags, streamId);
  }

  /** Throws ENHANCE_YOUR_CALM when too many answers are queued: the peer causes them and does not read them. */
  #countAnswer(): void {
    if (!this.#outbox.blocked) this.#queuedAnswers = 0;
    else if (++this.#queuedAnswers > MAX_QUEUED_ANSWERS) {
      throw http2Error(Http2ErrorCode.enhanceYourCalm, 'too many unacknowledged control frames');
    }
  }
}
