import { ProtocolError } from '../../errors.js';
import { createYamuxDecoder, type YamuxFrameSink } from '../../wire/yamux/decoder.js';
import { YamuxFlag, YamuxFrameType, YamuxGoAway } from '../../wire/yamux/header.js';
import type { Outbox } from './outbox.js';
import type { Pings } from './pings.js';
import type { YamuxStream } from './stream.js';
import type { StreamTable } from './stream-table.js';

export interface ReceiverParts {
  readonly table: StreamTable;
  readonly pings: Pings;
  readonly outbox: Outbox;
  /** The peer sent a go-away code. */
  readonly onGoAway: (code: number) => void;
}

/** Does what the peer's frames say (yamux session.go recvLoop). */
export class Receiver implements YamuxFrameSink {
  readonly #parts: ReceiverParts;
  readonly #decoder = createYamuxDecoder(this);
  /** Streams that received something since `deliver`. */
  #dirty: YamuxStream[] = [];
  /** Where the payload of the current frame goes; nowhere when it belongs to no stream. */
  #target: YamuxStream | undefined;
  #finFollowsPayload = false;
  #refusesStreams = false;
  #isStopped = false;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  /** True when no frame is torn. */
  get atBoundary(): boolean {
    return this.#decoder.atBoundary;
  }

  /** Reads the connection's next bytes. Throws a ProtocolError. What streams received waits for `deliver`. */
  push(chunk: Uint8Array): void {
    if (!this.#isStopped) this.#decoder.push(chunk);
  }

  /** Hands the streams' readers what came; once per turn, so that small frames reach them in one piece. */
  deliver(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    let next = 0;
    try {
      while (next < dirty.length) dirty[next++]!.deliver();
    } finally {
      // A reader threw: that is its owner's, but the others must not wait for it.
      if (next < dirty.length) {
        this.#dirty = [...dirty.slice(next), ...this.#dirty];
        process.nextTick(() => this.deliver());
      }
    }
  }

  /** From now on the peer's new streams are reset. Returns false when they were already. */
  refuseStreams(): boolean {
    const isNew = !this.#refusesStreams;
    this.#refusesStreams = true;
    return isNew;
  }

  /** From now on nothing is read. */
  stop(): void {
    this.#isStopped = true;
    this.#target = undefined;
  }

  onHeader(type: number, flags: number, streamId: number, length: number): void {
    this.#target = undefined;
    if (this.#isStopped) return;
    if (type === YamuxFrameType.ping) this.#onPing(flags, length);
    else if (type === YamuxFrameType.goAway) this.#parts.onGoAway(length);
    else this.#onStreamFrame(type, flags, streamId, length);
  }

  onPayload(piece: Uint8Array, remaining: number): void {
    const stream = this.#target;
    if (stream === undefined) return;
    this.#note(stream, stream.receive(piece));
    if (remaining === 0 && this.#finFollowsPayload) this.#note(stream, stream.receiveFin());
  }

  #onPing(flags: number, value: number): void {
    if ((flags & YamuxFlag.syn) === 0) this.#parts.pings.answer(value);
    else this.#parts.outbox.control(YamuxFrameType.ping, YamuxFlag.ack, 0, value);
  }

  #onStreamFrame(type: number, flags: number, id: number, length: number): void {
    const { table } = this.#parts;
    const opened = (flags & YamuxFlag.syn) === 0 ? undefined : this.#onSyn(id);
    const stream = table.get(id);
    // Normal after a reset. The decoder reads the payload away.
    if (stream === undefined) return;
    if ((flags & YamuxFlag.ack) !== 0) table.outgoing.settle(id);
    if ((flags & YamuxFlag.rst) !== 0) return stream.receiveReset();
    const hasFin = (flags & YamuxFlag.fin) !== 0;
    if (type === YamuxFrameType.windowUpdate) stream.receiveCredit(length);
    else if (length > 0) {
      stream.admit(length);
      this.#target = stream;
      this.#finFollowsPayload = hasFin;
    }
    if (hasFin && this.#target === undefined) this.#note(stream, stream.receiveFin());
    if (opened !== undefined) table.incoming.offer(opened);
  }

  /** Undefined when the stream is refused. */
  #onSyn(id: number): YamuxStream | undefined {
    const { table, outbox } = this.#parts;
    if (!table.isPeerId(id)) throw violation(`opened yamux stream ${id}, an id that is not its to use`);
    if (table.get(id) !== undefined) throw violation(`opened yamux stream ${id} a second time`);
    if (!this.#refusesStreams && table.hasRoom) return table.addIncoming(id);
    outbox.control(YamuxFrameType.windowUpdate, YamuxFlag.rst, id, 0);
    return undefined;
  }

  #note(stream: YamuxStream, becameDirty: boolean): void {
    if (becameDirty) this.#dirty.push(stream);
  }
}

function violation(deed: string): ProtocolError {
  return new ProtocolError('ERR_YAMUX_PROTOCOL', `The peer ${deed}.`, { wireCode: YamuxGoAway.protocolError });
}
