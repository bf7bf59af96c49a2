import type { EventEmitter } from 'node:events';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Metadata } from '../../shared/grpc-js.js';

type Call = ServerInterceptingCallInterface;

/** What grpc-js shows to handlers of a call of any kind. */
export interface CallSurface extends Pick<Call, 'getPeer' | 'getDeadline' | 'getHost' | 'getAuthContext'> {
  getPath(): string;
  getMetricsRecorder(): ReturnType<Call['getMetricsRecorder']>;
  sendMetadata(metadata: Metadata): void;
}

type SurfaceClass<Base> = new (path: string, call: Call, options?: object) => Base & CallSurface;

/** Extends EventEmitter (unary calls) or Duplex (streams) with what handlers see of any call. */
export function surfaceOn<Base extends EventEmitter>(base: new (options?: object) => Base): SurfaceClass<Base> {
  return class extends (base as new (options?: object) => EventEmitter) implements CallSurface {
    readonly #path: string;
    readonly #call: Call;

    constructor(path: string, call: Call, options?: object) {
      super(options);
      this.#path = path;
      this.#call = call;
    }

    getPeer(): string {
      return this.#call.getPeer();
    }

    sendMetadata(metadata: Metadata): void {
      this.#call.sendMetadata(metadata);
    }

    getDeadline(): ReturnType<Call['getDeadline']> {
      return this.#call.getDeadline();
    }

    getPath(): string {
      return this.#path;
    }

    getHost(): string {
      return this.#call.getHost();
    }

    getAuthContext(): ReturnType<Call['getAuthContext']> {
      return this.#call.getAuthContext();
    }

    getMetricsRecorder(): ReturnType<Call['getMetricsRecorder']> {
      return this.#call.getMetricsRecorder();
    }
  } as unknown as SurfaceClass<Base>;
}
