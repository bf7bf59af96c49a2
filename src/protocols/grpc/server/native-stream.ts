import { Duplex, type DuplexOptions } from 'node:stream';
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  ServerDuplexStream,
} from '@grpc/grpc-js';
import { toStatusObject } from '../shared/errors.js';
import { Metadata, status as Status } from '../shared/grpc-js.js';
import type { InterceptedCall } from './intercepted-call.js';
import type { NativeCall } from './native-call.js';
import { LightCall, type LightMethod } from './native-light.js';
import type { NativeMethod } from './native-method.js';
import { handlerStatus, okStatus } from './native-status.js';
import { NativeUnaryCall } from './native-unary.js';

type Listener = Parameters<InterceptedCall['start']>[0];
type PartialStatus = Parameters<InterceptedCall['sendStatus']>[0];

/** A streaming call as grpc-js shows it to handlers; a direction that the method does not have is closed from the start. */
class NativeStreamCall extends Duplex {
  cancelled = false;
  /** The one request of a method that streams responses only. */
  request: unknown = undefined;
  readonly metadata: Metadata;
  readonly #path: string;
  readonly #call: InterceptedCall;
  #trailers = new Metadata();
  #status: PartialStatus = { code: Status.OK, details: 'OK' };

  constructor(method: NativeMethod, call: InterceptedCall, metadata: Metadata) {
    // `readable` and `writable` are options of Node's Duplex; its types of Node 20 do not have them.
    const sides = { readable: method.requestStream, writable: method.responseStream };
    super({ objectMode: true, ...sides } as DuplexOptions);
    this.#path = method.path;
    this.#call = call;
    this.metadata = metadata;
    this.on('error', (error) => this.#fail(handlerStatus(error)));
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  getDeadline(): ReturnType<InterceptedCall['getDeadline']> {
    return this.#call.getDeadline();
  }

  getPath(): string {
    return this.#path;
  }

  getHost(): string {
    return this.#call.getHost();
  }

  getAuthContext(): ReturnType<InterceptedCall['getAuthContext']> {
    return this.#call.getAuthContext();
  }

  getMetricsRecorder(): ReturnType<InterceptedCall['getMetricsRecorder']> {
    return this.#call.getMetricsRecorder();
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

  /** grpc-js: what `end` is given are the trailers. */
  override end(trailers?: unknown): this {
    if (trailers instanceof Metadata) this.#trailers = trailers;
    return super.end();
  }

  /** The call is over: answered, or there is nobody left to answer. */
  onCancel(): void {
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }

  /** A handler emits an error in order to end the call with it; behind what it has written, where that is still possible. */
  #fail(status: PartialStatus): void {
    this.#status = status;
    if (this.destroyed || !this.writable)
      this.#call.sendStatus({ ...status, metadata: status.metadata ?? this.#trailers });
    else this.end();
  }
}

/** Runs the handler of a method on a call. */
export function runMethod(method: NativeMethod, native: NativeCall, call: InterceptedCall): void {
  if (native === call && isLight(method)) startLight(method, native);
  else if (method.requestStream) startStream(method, call);
  else if (method.responseStream) startServerStream(method, call);
  else if (native === call) startUnary(method, native);
  else call.start(new NativeUnaryCall(method, native, call));
}

function isLight(method: NativeMethod): method is NativeMethod & LightMethod {
  return method.run !== undefined;
}

function startLight(method: LightMethod, native: NativeCall): void {
  native.listen(new LightCall(method, native));
  native.startRead();
}

/** Without interceptors nobody but the handler may ask for the metadata: it is made only then. */
function startUnary(method: NativeMethod, native: NativeCall): void {
  native.listen(new NativeUnaryCall(method, native, native));
  native.startRead();
}

/** Many requests; one response or many. */
function startStream(method: NativeMethod, call: InterceptedCall): void {
  let stream: NativeStreamCall | undefined;
  const listener: Listener = {
    onReceiveMetadata(metadata) {
      stream = new NativeStreamCall(method, call, metadata);
      runHandler(method, call, stream);
    },
    onReceiveMessage: (message) => void stream?.push(message),
    onReceiveHalfClose: () => void stream?.push(null),
    onCancel: () => stream?.onCancel(),
  };
  call.start(listener);
}

/** One request, many responses. */
function startServerStream(method: NativeMethod, call: InterceptedCall): void {
  let metadata = new Metadata();
  let stream: NativeStreamCall | undefined;
  const requests: unknown[] = [];
  const refuse = (what: string) =>
    call.sendStatus({
      code: Status.UNIMPLEMENTED,
      details: `Received ${what} for server streaming method ${method.path}`,
    });
  const listener: Listener = {
    onReceiveMetadata(received) {
      metadata = received;
      call.startRead();
    },
    onReceiveMessage(message) {
      requests.push(message);
      if (requests.length > 1) refuse('a second request message');
      else call.startRead();
    },
    onReceiveHalfClose() {
      if (requests.length === 0) return refuse('no request message');
      stream = new NativeStreamCall(method, call, metadata);
      stream.request = requests[0];
      runHandler(method, call, stream);
    },
    onCancel: () => stream?.onCancel(),
  };
  call.start(listener);
}

function runHandler(method: NativeMethod, call: InterceptedCall, stream: NativeStreamCall): void {
  const duplex = stream as NativeStreamCall & ServerDuplexStream<unknown, unknown>;
  try {
    if (!method.requestStream) {
      (method.handler as handleServerStreamingCall<unknown, unknown>)(duplex as never);
    } else if (method.responseStream) {
      (method.handler as handleBidiStreamingCall<unknown, unknown>)(duplex);
    } else {
      (method.handler as handleClientStreamingCall<unknown, unknown>)(duplex, (error, value, trailer) => {
        if (error) call.sendStatus(handlerStatus(error, trailer));
        else call.sendMessage(value, () => call.sendStatus(okStatus(trailer)));
      });
    }
  } catch (thrown) {
    call.sendStatus(toStatusObject(thrown));
  }
}
