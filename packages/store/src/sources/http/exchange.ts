import type { Readable } from 'node:stream';

/** One request of one server: no redirects, no second attempt. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable;
  /** Ends the request, and the body of its answer. */
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body. Who gets it has to read the body or destroy it. */
export interface HttpAnswer {
  readonly status: number;
  /** The value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}

/** Makes a request. Rejects with whatever the network says. */
export type Exchange = (request: HttpRequest) => Promise<HttpAnswer>;
