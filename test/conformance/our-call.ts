import type { Readable } from 'node:stream';
import { lastValueFrom, type Observable, ReplaySubject } from 'rxjs';
import type { CallOptions } from 'rxplug';
import { GrpcError, Metadata } from 'rxplug/grpc';
import { bounded } from './bounded.js';
import { CallFailure, type DrivenCall, type DrivenCallOptions, type Pairs } from './driver.js';

/** A method of any kind, as createGrpcClient makes it. */
export type AnyMethod = ((request: unknown, options?: CallOptions) => Observable<unknown>) & {
  readonly readable?: (request: unknown, options?: CallOptions) => AsyncIterable<unknown> & Readable;
};

/** A call of ours, driven step by step. */
export class OurCall implements DrivenCall<unknown, unknown> {
  readonly #requests = new ReplaySubject<unknown>();
  readonly #cancel = new AbortController();
  readonly #responses: AsyncIterator<unknown>;
  #header: Promise<Pairs>;
  #trailer: Pairs = {};
  #resolveHeader: ((header: Pairs) => void) | undefined;

  constructor(method: AnyMethod, requestStream: boolean, options: DrivenCallOptions & { readonly request?: unknown }) {
    this.#header = new Promise((resolve) => {
      this.#resolveHeader = resolve;
    });
    const callOptions: CallOptions = {
      ...callOptionsOf(options),
      signal: this.#cancel.signal,
      onHeaders: (metadata) => this.#resolveHeader?.(pairsOf(metadata)),
      onTrailers: (metadata) => {
        this.#trailer = pairsOf(metadata);
      },
    };
    if (requestStream && options.request !== undefined) this.#requests.next(options.request);
    const request = requestStream ? this.#requests : options.request;
    const readable = method.readable?.(request, callOptions);
    // Whoever receives gets the failure; until then it is nobody's.
    readable?.on('error', () => {});
    this.#responses = (readable ?? valuesOf(method(request, callOptions)))[Symbol.asyncIterator]();
  }

  async send(message: unknown): Promise<void> {
    this.#requests.next(message);
  }

  async closeSend(): Promise<void> {
    this.#requests.complete();
  }

  async receive(): Promise<unknown> {
    try {
      const next = await bounded(this.#responses.next(), 'the next message of a call');
      return next.done === true ? undefined : next.value;
    } catch (error) {
      throw failureOf(error);
    }
  }

  header(): Promise<Pairs> {
    return bounded(this.#header, 'the headers of a call');
  }

  async trailer(): Promise<Pairs> {
    return this.#trailer;
  }

  async cancel(): Promise<void> {
    this.#cancel.abort();
  }
}

/** The call is made now, as `readable` makes it; its one value, if any, is asked for later. */
function valuesOf(value$: Observable<unknown>): AsyncIterable<unknown> {
  const value = lastValueFrom(value$);
  // Whoever asks gets the failure; until then it is nobody's.
  value.catch(() => {});
  return {
    async *[Symbol.asyncIterator]() {
      yield await value;
    },
  };
}

/** Options of a call of ours. */
export function callOptionsOf({ metadata, deadlineMs }: DrivenCallOptions): CallOptions {
  return {
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
    ...(deadlineMs === undefined ? {} : { timeoutMs: deadlineMs }),
  };
}

/** A failed call in neutral form; anything else stays what it is. */
export function failureOf(error: unknown, header: Pairs = {}): unknown {
  return GrpcError.is(error) ? new CallFailure(error.status, error.detail, pairsOf(error.metadata), header) : error;
}

/** Metadata in neutral form. */
export function pairsOf(metadata: Metadata): Pairs {
  const names = Object.keys(metadata.getMap());
  const text = (value: string | Buffer) => (typeof value === 'string' ? value : value.toString('base64'));
  return Object.fromEntries(names.map((name) => [name, metadata.get(name).map(text)]));
}

function metadataOf(pairs: Pairs): Metadata {
  const metadata = new Metadata();
  for (const [name, values] of Object.entries(pairs)) {
    for (const value of values) metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}
