import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Exchange } from './exchange.js';

/** Makes requests by a function like the global `fetch`. */
export function fetchExchange(fetch: typeof globalThis.fetch): Exchange {
  return async ({ url, method, headers, body, signal }) => {
    const answer = await fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== undefined && {
        body: Readable.toWeb(body) as unknown as NonNullable<RequestInit['body']>,
        duplex: 'half',
      }),
    });
    return {
      status: answer.status,
      header: (name) => answer.headers.get(name) ?? undefined,
      body: answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as ReadableStream),
    };
  };
}
