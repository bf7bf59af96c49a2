import { ClosedError } from '../../errors.js';
import { ChunkQueue } from '../../wire/chunk-queue.js';
import { YAMUX_INITIAL_WINDOW_BYTES, YamuxFlag, YamuxFrameType } from '../../wire/yamux/header.js';
import type { Outbox, Sender } from './outbox.js';

/** Larger payloads are split, so that streams that share a full connection take turns of this size. */
const MAX_FRAME_BYTES = 65_536;
const MAX_CREDIT_BYTES = 0xffffffff;

/** The callback of Node's streams. */
export type Done = (error?: Error | null) => void;

export interface SendHalfOptions {
  readonly streamId: number;
  readonly outbox: Outbox;
  /** Bytes that are acknowledged to the writer although they are still unsent. */
  readonly queueBytes: number;
  /** FIN was sent. */
  readonly onFin: () => void;
}

/** What a stream sends: within the peer's window and its turns on the connection. Writes are acknowledged when they are queued. */
export class SendHalf implements Sender {
  readonly #options: SendHalfOptions;
  /** Written bytes for which the peer's window or the connection has no room yet. */
  readonly #unsent = new ChunkQueue();
  #credit = YAMUX_INITIAL_WINDOW_BYTES;
  #acknowledge: Done | undefined;
  #finish: Done | undefined;
  #whenSent: (() => void)[] = [];

  constructor(options: SendHalfOptions) {
    this.#options = options;
  }

  get unsentBytes(): number {
    return this.#unsent.byteLength;
  }

  /** Whether a write or the end waits for the peer. */
  get isAwaited(): boolean {
    return this.#acknowledge !== undefined || this.#finish !== undefined;
  }

  /** Resolves when nothing is unsent, or nothing can be sent any more. Never rejects. */
  async sent(): Promise<void> {
    if (this.#unsent.byteLength > 0) await new Promise<void>((resolve) => this.#whenSent.push(resolve));
  }

  /** The next write, of `length` bytes in all. One at a time, as Node's streams do it. */
  write(chunks: readonly { readonly chunk: Uint8Array }[], length: number, done: Done): void {
    const { outbox, streamId } = this.#options;
    const isClear = this.#unsent.byteLength === 0 && outbox.writable;
    if (!isClear || length > this.#credit || length > MAX_FRAME_BYTES || length === 0) {
      for (const { chunk } of chunks) this.#unsent.push(chunk);
      this.#acknowledge = done;
      return this.pump();
    }
    // The common case: sent without the queue.
    this.#credit -= length;
    outbox.beginData(streamId, length);
    for (const { chunk } of chunks) outbox.payload(chunk);
    outbox.endFrame();
    done();
  }

  /** Sends FIN behind everything that was written. */
  end(done: Done): void {
    this.#finish = done;
    this.pump();
  }

  addCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, MAX_CREDIT_BYTES);
    if (this.#unsent.byteLength > 0) this.pump();
  }

  /** Sends what the window and the connection allow. */
  pump(): void {
    const { outbox, queueBytes } = this.#options;
    while (this.#unsent.byteLength > 0 && this.#credit > 0) {
      if (!outbox.writable) {
        outbox.wait(this);
        break;
      }
      this.#sendUnsent(Math.min(this.#unsent.byteLength, this.#credit, MAX_FRAME_BYTES));
    }
    if (this.#acknowledge !== undefined && this.#unsent.byteLength <= queueBytes) {
      const acknowledge = this.#acknowledge;
      this.#acknowledge = undefined;
      acknowledge();
    }
    if (this.#unsent.byteLength > 0) return;
    this.#tellSent();
    if (this.#finish !== undefined) {
      const finish = this.#finish;
      this.sendFin();
      finish();
    }
  }

  sendFin(): void {
    const { outbox, streamId, onFin } = this.#options;
    this.#finish = undefined;
    outbox.control(YamuxFrameType.windowUpdate, YamuxFlag.fin, streamId, 0);
    onFin();
  }

  /** Drops what is unsent, and fails the write that waits. */
  abandon(error: Error | null): void {
    this.#unsent.clear();
    this.#tellSent();
    this.#finish = undefined;
    const acknowledge = this.#acknowledge;
    if (acknowledge === undefined) return;
    this.#acknowledge = undefined;
    acknowledge(error ?? destroyedEarly(this.#options.streamId));
  }

  #tellSent(): void {
    if (this.#whenSent.length === 0) return;
    const whenSent = this.#whenSent;
    this.#whenSent = [];
    for (const callback of whenSent) callback();
  }

  #sendUnsent(length: number): void {
    const { outbox, streamId } = this.#options;
    this.#credit -= length;
    outbox.beginData(streamId, length);
    for (let rest = length; rest > 0; ) {
      const piece = this.#unsent.readSome(rest);
      if (piece === undefined) break;
      outbox.payload(piece);
      rest -= piece.length;
    }
    outbox.endFrame();
  }
}

function destroyedEarly(id: number): ClosedError {
  return new ClosedError('ERR_CLOSED', `Yamux stream ${id} was destroyed before everything was written.`);
}
