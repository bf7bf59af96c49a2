import type { Readable } from 'node:stream';
import type { ServerUnaryCall, StatusObject } from '@grpc/grpc-js';
import { EMPTY, type Observable } from 'rxjs';
import { GrpcError, toStatusObject } from '../shared/errors.js';
import { Metadata, status as Status } from '../shared/grpc-js.js';
import { isSendable } from '../shared/metadata.js';
import type { MessageReadable, StreamCallContext } from '../shared/service-definition.js';
import { readableRequestsOf, requestsOf } from './request-stream.js';

/** Peers refuse header blocks above 16 to 64 KiB, and with them the whole call; a character takes up to nine bytes there. */
const MAX_DETAILS_LENGTH = 4096;

/** The same for metadata: above 64 KiB a host on Node loses its connection, and does not even notice. */
const MAX_METADATA_BYTES = 32 * 1024;
/** What HTTP/2 counts for a header besides name and value (RFC 9113 §10.5.1). */
const HEADER_COST_BYTES = 32;

type CallSurface = Pick<
  ServerUnaryCall<unknown, unknown>,
  'metadata' | 'getPath' | 'getPeer' | 'getDeadline' | 'sendMetadata'
>;

/** What every kind of grpc-js server call has. */
interface GrpcJsCall extends CallSurface {
  once(event: 'cancelled', listener: () => void): unknown;
}

/**
 * One call on its way through a handler of ours, on a grpc-js server. grpc-js says `cancelled` at the end of every call, also of
 * an answered one; here the two are told apart.
 */
export class ServerCallContext implements StreamCallContext<unknown> {
  readonly path: string;
  readonly #call: GrpcJsCall;
  readonly #source: Readable | undefined;
  #requests: MessageReadable<unknown> | undefined;
  #trailers: Metadata | undefined;
  #teardowns: Set<() => void> | undefined;
  #abort: AbortController | undefined;
  #failure: GrpcError | undefined;
  #answered = false;
  #over = false;
  /** Replaced by whoever writes the responses. */
  flushed: () => Promise<void> = nothingToFlush;

  /** `requests`: grpc-js's stream of them, where the call has one. */
  constructor(call: GrpcJsCall, requests?: Readable) {
    this.#call = call;
    this.#source = requests;
    this.path = call.getPath();
    call.once('cancelled', () => this.#end());
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get trailers(): Metadata {
    this.#trailers ??= new Metadata();
    return this.#trailers;
  }

  get deadline(): Date | undefined {
    const deadline = this.#call.getDeadline();
    if (deadline instanceof Date) return deadline;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#failure !== undefined) this.#abort.abort(this.#failure);
    return this.#abort.signal;
  }

  get ended(): Promise<void> {
    return this.#over ? Promise.resolve() : new Promise((resolve) => this.onEnd(resolve));
  }

  get requests(): MessageReadable<unknown> {
    if (this.#source === undefined) throw new TypeError(`${this.path} has one request, not a stream of them.`);
    this.#requests ??= readableRequestsOf(this.#source, this);
    return this.#requests;
  }

  /** The requests as the handler gets them. */
  get request$(): Observable<unknown> {
    return this.#source === undefined ? EMPTY : requestsOf(this.#source, this);
  }

  /** False from the answer on, and when there is nobody left to answer. */
  get open(): boolean {
    return !this.#answered && !this.#over;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Why the call ended without an answer; undefined while it runs and after an answer. */
  get failure(): GrpcError | undefined {
    return this.#failure;
  }

  sendHeaders(metadata: Metadata): void {
    this.#call.sendMetadata(this.#sendable(metadata.clone()));
  }

  /** From here on the handler has said its last; an end of the call is not a cancellation any more. */
  answered(): void {
    this.#answered = true;
  }

  /** Runs `teardown` when the call is over, at once when it is. Returns how to take it back: true when it was not too late. */
  onEnd(teardown: () => void): () => boolean {
    if (this.#over) teardown();
    else (this.#teardowns ??= new Set()).add(teardown);
    return () => this.#teardowns?.delete(teardown) === true;
  }

  /** The status with which a failure leaves, in a form that no header can break. */
  statusOf(thrown: unknown): StatusObject {
    const { code, details, metadata } = toStatusObject(thrown);
    try {
      return { code, details: headerText(details), metadata: this.trailersWith(metadata) ?? new Metadata() };
    } catch {
      // The failure matters more than what was to go with it.
      return { code, details: headerText(details), metadata: new Metadata() };
    }
  }

  /**
   * The trailing metadata: the handler's, with that of its error merged over it; undefined when there is neither. Throws GrpcError for
   * more than can be sent.
   */
  trailersWith(metadata?: Metadata): Metadata | undefined {
    if (this.#trailers === undefined && metadata === undefined) return undefined;
    const trailers = this.trailers.clone();
    for (const name of Object.keys(metadata?.getMap() ?? {})) {
      trailers.remove(name);
      for (const value of metadata?.get(name) ?? []) trailers.add(name, value);
    }
    return this.#sendable(trailers);
  }

  /** Without names that would break the response: metadata that was received somewhere and is passed on may carry them. */
  #sendable(metadata: Metadata): Metadata {
    let bytes = 0;
    for (const [name, values] of Object.entries(metadata.toJSON())) {
      if (!isSendable(name)) metadata.remove(name);
      else for (const value of values) bytes += name.length + value.length + HEADER_COST_BYTES;
    }
    if (bytes <= MAX_METADATA_BYTES) return metadata;
    const detail = `The metadata of a response of ${this.path} has ${bytes} bytes, at most ${MAX_METADATA_BYTES} can be sent.`;
    throw new GrpcError(Status.INTERNAL, detail);
  }

  #end(): void {
    this.#over = true;
    if (!this.#answered) {
      this.#failure = this.#reason();
      this.#abort?.abort(this.#failure);
    }
    for (const teardown of this.#teardowns ?? []) teardown();
    this.#teardowns = undefined;
  }

  #reason(): GrpcError {
    const deadline = this.deadline;
    return deadline !== undefined && deadline.getTime() <= Date.now()
      ? new GrpcError(Status.DEADLINE_EXCEEDED, 'the deadline passed before the call was answered', {
          method: this.path,
        })
      : new GrpcError(Status.CANCELLED, 'the caller cancelled the call', { method: this.path });
  }
}

const nothingToFlush = (): Promise<void> => Promise.resolve();

/** Well-formed, for grpc-js's `encodeURI` throws otherwise, where nobody can catch it; and short enough for a header. */
function headerText(details: string): string {
  const text = details.length > MAX_DETAILS_LENGTH ? `${details.slice(0, MAX_DETAILS_LENGTH - 1)}…` : details;
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
