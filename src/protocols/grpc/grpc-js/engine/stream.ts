import { type experimental, Metadata, type StatusObject } from '@grpc/grpc-js';
import { setImmediate } from '../../../../streams/turns.js';
import type { HeaderList, Http2StreamEvents } from '../../../../transports/http2/interfaces.js';
import { Http2ErrorCode } from '../../../../wire/http2/frames.js';
import type { ClientStream } from '../../client/dial-session.js';
import { frameMessage, PREFIX_BYTES } from '../../message/framing.js';
import { headersFrom, isPeerReset, lossOf, trailersFrom } from './status.js';

type Listener = Parameters<experimental.CallStream['start']>[1];

/** The response headers of every call that grpc-js delivers: it has checked them. */
const RESPONSE: HeaderList = [':status', '200', 'content-type', 'application/grpc'];

/** A call of grpc-js in the form of an HTTP/2 stream, on which framed messages travel. */
export class GrpcJsStream implements ClientStream, Listener {
  readonly #call: experimental.CallStream;
  readonly #events: Http2StreamEvents;
  /** Why the connection is over; undefined while it is not. */
  readonly #loss: () => Error | undefined;
  readonly #onOver: (stream: GrpcJsStream) => void;
  /** Messages that wait for the one before them: grpc-js takes one at a time. */
  readonly #queued: Buffer[] = [];
  #writing = false;
  #ended = false;
  #halfClosed = false;
  #reading = false;
  #unconsumed = 0;
  #hasHeaders = false;
  #over = false;

  constructor(
    call: experimental.CallStream,
    events: Http2StreamEvents,
    loss: () => Error | undefined,
    onOver: (stream: GrpcJsStream) => void,
  ) {
    this.#call = call;
    this.#events = events;
    this.#loss = loss;
    this.#onOver = onOver;
  }

  start(metadata: Metadata): void {
    this.#call.start(metadata, this);
    this.#read();
  }

  write(framed: Uint8Array, endStream = false): boolean {
    this.#queued.push(withoutPrefix(framed));
    this.#ended = endStream;
    this.#send();
    return false;
  }

  end(): void {
    this.#ended = true;
    this.#send();
  }

  reset(): void {
    if (!this.#finish()) return;
    this.#cancel();
    // A call that grpc-js was still starting is started after a cancellation in the same turn.
    setImmediate(() => this.#cancel());
  }

  consume(bytes: number): void {
    this.#unconsumed -= bytes;
    this.#read();
  }

  /** The connection is being destroyed. */
  lose(error: Error): void {
    if (!this.#finish()) return;
    this.#cancel();
    this.#events.onReset(Http2ErrorCode.cancel, error);
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (this.#over) return;
    this.#hasHeaders = true;
    this.#events.onHeaders([...RESPONSE, ...headersFrom(metadata)], false);
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#over) return;
    this.#reading = false;
    const framed = frameMessage(message);
    this.#unconsumed += framed.length;
    this.#events.onData(framed, false);
    this.#read();
  }

  onReceiveStatus(status: StatusObject): void {
    if (!this.#finish()) return;
    const loss = lossOf(status, this.#loss());
    if (loss !== undefined || isPeerReset(status)) return this.#events.onReset(Http2ErrorCode.cancel, loss);
    const trailers = trailersFrom(status);
    if (!this.#hasHeaders) return this.#events.onHeaders([...RESPONSE, ...trailers], true);
    this.#events.onTrailers(trailers);
    this.#events.onEnd();
  }

  #cancel(): void {
    this.#call.cancelWithStatus(1, 'The call was reset.');
  }

  #send(): void {
    if (this.#writing || this.#over) return;
    const message = this.#queued.shift();
    if (message !== undefined) {
      this.#writing = true;
      this.#call.sendMessageWithContext({ callback: () => this.#onWritten() }, message);
    }
    // At once behind the last message: a unary request then travels in one piece.
    if (!this.#ended || this.#halfClosed || this.#queued.length > 0) return;
    this.#halfClosed = true;
    this.#call.halfClose();
  }

  #onWritten(): void {
    this.#writing = false;
    if (this.#over) return;
    if (this.#queued.length === 0 && !this.#ended) this.#events.onDrain();
    else this.#send();
  }

  /** One message at a time, and the next one when that is consumed: this is the backpressure. */
  #read(): void {
    if (this.#reading || this.#over || this.#unconsumed > 0) return;
    this.#reading = true;
    this.#call.startRead();
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#onOver(this);
    return true;
  }
}

/** grpc-js makes prefixes of its own. */
function withoutPrefix(framed: Uint8Array): Buffer {
  return Buffer.from(framed.buffer, framed.byteOffset + PREFIX_BYTES, framed.length - PREFIX_BYTES);
}
