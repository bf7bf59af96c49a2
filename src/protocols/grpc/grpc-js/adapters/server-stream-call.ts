import { Duplex, type DuplexOptions } from 'node:stream';
import type { ServerDuplexStream, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { Metadata, status as Status } from '../../shared/grpc-js.js';
import { toMetadata } from '../../shared/metadata.js';
import { failedStatus, type PartialStatus } from './server-status.js';
import { surfaceOn } from './server-surface.js';

type Call = ServerInterceptingCallInterface;

/** Which directions of a method are streams. */
export interface StreamSides {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** A streaming call as grpc-js shows it to handlers. A direction that the method does not stream is closed from the start. */
export class StreamSurface extends surfaceOn(Duplex) implements ServerDuplexStream<unknown, unknown> {
  cancelled = false;
  /** The one request of a method that streams responses only. */
  request: unknown;
  readonly metadata: Metadata;
  readonly #call: Call;
  #trailers = new Metadata();
  #status: PartialStatus = { code: Status.OK, details: 'OK' };

  constructor(method: StreamSides, call: Call, metadata: Metadata, request?: unknown) {
    // `readable` and `writable` are options of Node's Duplex; its types of Node 20 do not have them.
    const sides = { readable: method.requestStream, writable: method.responseStream };
    super(method.path, call, { objectMode: true, ...sides } as DuplexOptions);
    this.request = request;
    this.#call = call;
    this.metadata = metadata;
    this.on('error', (error) => this.#fail(failedStatus(error)));
  }

  override _read(): void {
    this.#call.startRead();
  }

  override _write(message: unknown, _encoding: BufferEncoding, written: () => void): void {
    this.#call.sendMessage(message, written);
  }

  override _final(done: () => void): void {
    done();
    const { metadata } = this.#status;
    this.#call.sendStatus({ ...this.#status, metadata: metadata ?? this.#trailers });
  }

  /** grpc-js: the argument of `end` is the trailing metadata. */
  override end(trailers?: unknown): this {
    this.#trailers = toMetadata(trailers) ?? this.#trailers;
    return super.end();
  }

  /** The call is over: answered, or there is no caller any more. */
  onCancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }

  /** A handler emits an error in order to end the call with it; after what it has written, where that is still possible. */
  #fail(status: PartialStatus): void {
    this.#status = status;
    if (this.destroyed || !this.writable)
      this.#call.sendStatus({ ...status, metadata: status.metadata ?? this.#trailers });
    else this.end();
  }
}
