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

/** Acts on the frames that the peer sends (yamux session.go recvLoop). */
export class Receiver implements YamuxFrameSink {
  readonly #parts: ReceiverParts;
  readonly #decoder = createYamuxDecoder(this);
  /** Streams for which `deliver` is due. */
  #due: YamuxStream[] = [];
  /** The stream of the current data frame; undefined when its payload is dropped. */
  #target: YamuxStream | undefined;
  #finFollowsPayload = false;
  #refusesStreams = false;
  #isStopped = false;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  /** True between frames. */
  get atBoundary(): boolean {
    return this.#decoder.atBoundary;
  }

  /** Decodes the connection's next bytes. Throws ProtocolError. What streams receive waits for `deliver`. */
  push(chunk: Uint8Array): void {
    if (!this.#isStopped) this.#decoder.push(chunk);
  }

  /** Hands what was received to the readers of the streams: once per turn, so that small frames reach them in one piece. */
  deliver(): void {
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    let next = 0;
    try {
      while (next < due.length) due[next++]!.deliver();
    } finally {
      // A reader threw, which is for its owner to handle; the others must not wait for it.
      if (next < due.length) {
        this.#due = [...due.slice(next), ...this.#due];
        process.nextTick(() => this.deliver());
      }
    }
  }

  /** From here on new streams of the peer are reset. False when they were before. */
  refuseStreams(): boolean {
    const isNew = !this.#refusesStreams;
    this.#refusesStreams = true;
    return isNew;
  }

  /** Nothing is read from here on. */
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
    this.#noteDue(stream, stream.receive(piece));
    if (remaining === 0 && this.#finFollowsPayload) this.#noteDue(stream, stream.receiveFin());
  }

  #onPing(flags: number, value: number): void {
    if ((flags & YamuxFlag.syn) === 0) this.#parts.pings.onAnswer(value);
    else this.#parts.outbox.control(YamuxFrameType.ping, YamuxFlag.ack, 0, value);
  }

  #onStreamFrame(type: number, flags: number, id: number, length: number): void {
    const { table } = this.#parts;
    const opened = (flags & YamuxFlag.syn) === 0 ? undefined : this.#onSyn(id);
    const stream = table.get(id);
    // Normal after a reset. The payload is dropped.
    if (stream === undefined) return;
    if ((flags & YamuxFlag.ack) !== 0) table.acknowledge(stream);
    if ((flags & YamuxFlag.rst) !== 0) return stream.receiveReset();
    const hasFin = (flags & YamuxFlag.fin) !== 0;
    if (type === YamuxFrameType.windowUpdate) stream.receiveCredit(length);
    else if (length > 0) {
      stream.validate(length);
      this.#target = stream;
      this.#finFollowsPayload = hasFin;
    }
    if (hasFin && this.#target === undefined) this.#noteDue(stream, stream.receiveFin());
    if (opened !== undefined) table.incoming.offer(opened);
  }

  /** The new stream; undefined when it is refused. */
  #onSyn(id: number): YamuxStream | undefined {
    const { table, outbox } = this.#parts;
    if (!table.isPeerId(id)) throw violation(`opened yamux stream ${id}, an id that belongs to our side`);
    if (table.get(id) !== undefined) throw violation(`opened yamux stream ${id} a second time`);
    if (!this.#refusesStreams && table.hasRoom) return table.addIncoming(id);
    outbox.control(YamuxFrameType.windowUpdate, YamuxFlag.rst, id, 0);
    return undefined;
  }

  #noteDue(stream: YamuxStream, becameDue: boolean): void {
    if (becameDue) this.#due.push(stream);
  }
}

function violation(what: string): ProtocolError {
  return new ProtocolError('ERR_YAMUX_PROTOCOL', `The peer ${what}.`, { wireCode: YamuxGoAway.protocolError });
}
