import {
  encodeGoAway,
  FRAME_BYTES,
  writePing,
  writeResetStream,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../wire/http2/frame-encoder.js';
import type { Outbox } from '../flow/outbox.js';

/** Sends the frames that carry no call. */
export class ControlFrames {
  readonly #outbox: Outbox;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Goes out at once: one event-loop turn may read two megabytes, and a sender without window would wait for its end. */
  windowUpdate(streamId: number, increment: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.windowUpdate);
    writeWindowUpdate(this.#outbox.slab, at, streamId, increment);
    this.#outbox.flush();
  }

  resetStream(streamId: number, code: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.resetStream);
    writeResetStream(this.#outbox.slab, at, streamId, code);
    this.#outbox.commit(false);
  }

  ping(ack: boolean, data: Uint8Array, from: number): void {
    const at = this.#outbox.reserve(FRAME_BYTES.ping);
    writePing(this.#outbox.slab, at, ack, data, from);
    this.#outbox.commit(!ack);
  }

  settingsAck(): void {
    const at = this.#outbox.reserve(FRAME_BYTES.settingsAck);
    writeSettingsAck(this.#outbox.slab, at);
    this.#outbox.commit(false);
  }

  goAway(lastStreamId: number, code: number, reason?: string): void {
    this.#outbox.push(encodeGoAway(lastStreamId, code, reason));
    this.#outbox.commit(true);
  }
}
