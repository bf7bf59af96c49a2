import type { Writable } from 'node:stream';
import { setImmediate } from '../../streams/turns.js';
import { writeYamuxHeader, YAMUX_HEADER_BYTES, YamuxFrameType } from '../../wire/yamux/header.js';
import { Deadline } from './deadline.js';

/** Payloads up to this size are copied behind their header: another buffer in a vectored write costs more than the copy. */
const MAX_COPIED_BYTES = 2048;
/** Headers and copied payloads are gathered in blocks of this size. */
const BLOCK_BYTES = 16_384;
/** Frames of one turn are written as soon as they are this much. */
const FLUSH_BYTES = 65_536;
/** Most bytes of frames for a peer that does not read: 21 845 answers to pings or refused streams. */
const MAX_BLOCKED_BYTES = 262_144;

/** Something that waits until the connection has room. */
export interface Sender {
  /** Sends what it can, and waits again when something is left. */
  pump(): void;
}

export interface OutboxEvents {
  /** The connection accepted nothing for the write timeout. */
  onStalled(): void;
  /** Too many answers wait for a peer that does not read them. */
  onFlooded(): void;
}

/**
 * Writes frames to the connection in few writes, in order. The first frame of an event-loop turn is written at once, the others of that
 * turn in one write, which adds no latency and saves most of the system calls. While the connection is full, data waits in its streams,
 * which send round robin; control frames are gathered here, up to a bound.
 */
export class Outbox {
  readonly #connection: Writable;
  readonly #events: OutboxEvents;
  readonly #stall: Deadline;
  readonly #waiting = new Set<Sender>();
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #block = new Uint8Array(BLOCK_BYTES);
  /** Where the block's unsent part starts, and where the next byte goes. */
  #start = 0;
  #used = 0;
  #turnIsOpen = false;
  #isFull = false;
  #isFinished = false;

  constructor(connection: Writable, writeTimeoutMs: number, events: OutboxEvents) {
    this.#connection = connection;
    this.#events = events;
    this.#stall = new Deadline(writeTimeoutMs, () => events.onStalled());
  }

  /** Whether data may be sent now. Control frames may be sent at any time. */
  get writable(): boolean {
    return !this.#isFull && !this.#isFinished;
  }

  /** Asks for a `pump` when there is room again. */
  wait(sender: Sender): void {
    if (!this.#isFinished) this.#waiting.add(sender);
  }

  /** Sends a frame without payload. */
  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.#isFinished) return;
    this.#header(type, flags, streamId, length);
    this.endFrame();
  }

  /** Begins a data frame: exactly `length` bytes of `payload` must follow, then `endFrame`. */
  beginData(streamId: number, length: number): void {
    this.#header(YamuxFrameType.data, 0, streamId, length);
  }

  /** The bytes belong to the outbox from here on. */
  payload(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (bytes.length <= MAX_COPIED_BYTES) {
      this.#reserve(bytes.length);
      this.#block.set(bytes, this.#used);
      this.#used += bytes.length;
    } else {
      this.#cut();
      this.#parts.push(bytes);
    }
  }

  endFrame(): void {
    if (this.#isFull) {
      if (this.#bytes > MAX_BLOCKED_BYTES) this.#events.onFlooded();
    } else if (!this.#turnIsOpen) {
      this.#turnIsOpen = true;
      setImmediate(() => this.#endTurn());
      this.#flush();
    } else if (this.#bytes >= FLUSH_BYTES) this.#flush();
  }

  /** The connection drained. */
  onDrain(): void {
    this.#isFull = false;
    this.#stall.disarm();
    this.#flush();
    for (const sender of this.#waiting) {
      if (!this.writable) return;
      this.#waiting.delete(sender);
      sender.pump();
    }
  }

  /** Writes what was gathered; later frames are dropped. */
  finish(): void {
    this.#flush();
    this.#isFinished = true;
    this.#waiting.clear();
    this.#stall.cancel();
  }

  #endTurn(): void {
    this.#turnIsOpen = false;
    if (!this.#isFull) this.#flush();
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    this.#reserve(YAMUX_HEADER_BYTES);
    this.#used = writeYamuxHeader(this.#block, this.#used, type, flags, streamId, length);
    this.#bytes += YAMUX_HEADER_BYTES;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= BLOCK_BYTES) return;
    this.#cut();
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#start = 0;
    this.#used = 0;
  }

  /** Ends the part that the block is gathering. */
  #cut(): void {
    if (this.#used === this.#start) return;
    this.#parts.push(this.#block.subarray(this.#start, this.#used));
    this.#start = this.#used;
  }

  #flush(): void {
    this.#cut();
    const parts = this.#parts;
    if (parts.length === 0 || this.#isFinished) return;
    this.#parts = [];
    this.#bytes = 0;
    if (!this.#write(parts)) {
      this.#isFull = true;
      this.#stall.arm();
    }
  }

  #write(parts: readonly Uint8Array[]): boolean {
    if (parts.length === 1) return this.#connection.write(parts[0]!);
    this.#connection.cork();
    let hasRoom = true;
    for (const part of parts) hasRoom = this.#connection.write(part);
    this.#connection.uncork();
    return hasRoom;
  }
}
