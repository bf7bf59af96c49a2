import { type experimental, type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { errorMessage, PluginError } from '../../../../errors.js';
import { MAX_TIMER_MS } from '../../../../wire/duration.js';
import type { GrpcCallEvents, GrpcCallOptions } from '../../client/call.js';
import type { CallHost, EngineCall } from '../../client/channel-engine.js';
import { PREFIX_BYTES } from '../../message/framing.js';
import { formatTimeout } from '../../shared/deadline.js';
import { metadataFrom } from '../../shared/metadata.js';
import { type CallStatus, localStatus } from '../../shared/status.js';
import type { StockConnection } from './connection.js';
import { headersFrom, isCancelled, statusFromStock } from './status.js';

type Listener = Parameters<experimental.CallStream['start']>[1];

/** A call on a Channel of grpc-js. The deadline is counted here, because it covers the wait for a connection. */
export class StockCall implements EngineCall<StockConnection>, Listener {
  place = -1;
  readonly options: GrpcCallOptions;
  readonly #host: CallHost<StockCall>;
  readonly #path: string;
  readonly #events: GrpcCallEvents;
  #connection: StockConnection | undefined;
  #call: experimental.CallStream | undefined;
  /** Messages that wait for the one before them: grpc-js takes one at a time. */
  #queued: Buffer[] = [];
  #writing = false;
  #reading = false;
  #ended = false;
  #halfClosed = false;
  #demand: number;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(host: CallHost<StockCall>, path: string, options: GrpcCallOptions, events: GrpcCallEvents) {
    this.#host = host;
    this.#path = path;
    this.options = options;
    this.#events = events;
    this.#demand = options.demand ?? Number.POSITIVE_INFINITY;
    if (options.timeoutMs !== undefined) this.#startTimer(options.timeoutMs);
  }

  attach(connection: StockConnection): void {
    if (this.#over) return;
    this.#connection = connection;
    try {
      const metadata = this.#metadata();
      const authority = this.options.authority ?? null;
      this.#call = connection.channel.createCall(this.#path, Number.POSITIVE_INFINITY, authority, null, undefined);
      this.#call.start(metadata, this);
    } catch (cause) {
      const code = PluginError.is(cause) ? Status.RESOURCE_EXHAUSTED : Status.INTERNAL;
      const why = errorMessage(cause);
      return this.fail(localStatus(code, `The call could not be opened: ${why}`, cause));
    }
    this.#send();
    this.#read();
  }

  write(framed: Uint8Array): boolean {
    if (this.#over || this.#ended) return true;
    this.#queued.push(bare(framed));
    this.#send();
    return false;
  }

  end(framed?: Uint8Array): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    if (framed !== undefined) this.#queued.push(bare(framed));
    this.#send();
  }

  request(count: number): void {
    this.#demand += count;
    this.#read();
  }

  cancel(code: number = Status.CANCELLED, detail = 'The caller cancelled the call.'): void {
    this.fail(localStatus(code, detail));
  }

  fail(status: CallStatus): void {
    if (this.#over) return;
    const call = this.#call;
    if (call !== undefined) {
      call.cancelWithStatus(status.code, status.detail);
      // What grpc-js was still starting comes to life all the same, and nobody would end it.
      setImmediate(() => call.cancelWithStatus(status.code, status.detail));
    }
    this.#finish(status);
  }

  expire(): void {
    const where = this.#call === undefined ? ` ${this.#host.describeWait()}` : '';
    this.fail(localStatus(Status.DEADLINE_EXCEEDED, `The call took longer than ${this.options.timeoutMs} ms.${where}`));
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (!this.#over) this.#events.onHeaders(headersFrom(metadata));
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#over) return;
    this.#reading = false;
    this.#demand--;
    this.#events.onMessage(message, 0, message.length);
    this.#read();
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#over) return;
    const loss = this.#connection?.loss;
    // A peer that counts the deadline too resets the call; that may overtake our timer.
    if (loss === undefined && isCancelled(status) && performance.now() >= this.#expiresAt) this.expire();
    else this.#finish(statusFromStock(status, loss));
  }

  #metadata(): Metadata {
    const { timeoutMs } = this.options;
    const left = timeoutMs === undefined ? undefined : this.#expiresAt - performance.now();
    const metadata = metadataFrom(this.#host.headersOf(this.#path, this.options, left));
    if (left !== undefined) metadata.set('grpc-timeout', formatTimeout(left));
    return metadata;
  }

  #send(): void {
    const call = this.#call;
    if (call === undefined || this.#writing) return;
    const message = this.#queued.shift();
    if (message !== undefined) {
      this.#writing = true;
      call.sendMessageWithContext({ callback: () => this.#onWritten() }, message);
    }
    // At once behind the last message: a unary request then goes out together.
    if (!this.#ended || this.#halfClosed || this.#queued.length > 0) return;
    this.#halfClosed = true;
    call.halfClose();
  }

  #onWritten(): void {
    this.#writing = false;
    if (this.#over) return;
    if (this.#queued.length === 0 && !this.#ended) this.#events.onDrain();
    else this.#send();
  }

  #read(): void {
    if (this.#call === undefined || this.#reading || this.#over || this.#demand <= 0) return;
    this.#reading = true;
    this.#call.startRead();
  }

  #startTimer(timeoutMs: number): void {
    this.#expiresAt = performance.now() + timeoutMs;
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(() => this.expire(), timeoutMs);
    if (this.options.background === true) this.#timer.unref();
  }

  #finish(status: CallStatus): void {
    if (this.#over) return;
    this.#over = true;
    this.#queued = [];
    clearTimeout(this.#timer);
    this.#host.onOver(this);
    this.#events.onStatus(status);
  }
}

/** A message without its prefix: grpc-js makes its own. */
function bare(framed: Uint8Array): Buffer {
  return Buffer.from(framed.buffer, framed.byteOffset + PREFIX_BYTES, framed.length - PREFIX_BYTES);
}
