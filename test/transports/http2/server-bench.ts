import type { Duplex } from 'node:stream';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import type {
  HeaderList,
  Http2Options,
  Http2ServerSession,
  Http2Stream,
  Http2StreamEvents,
} from '../../../src/transports/http2/interfaces.js';
import { serveHttp2 } from '../../../src/transports/http2/open-session.js';
import { defer } from '../../support/defer.js';
import { RawPeer } from './raw-peer.js';

const FIELDS = { ':method': 'POST', ':scheme': 'http', ':path': '/a/b', ':authority': 'x' };
export const REQUEST: HeaderList = Object.entries(FIELDS).flat();
export const RESPONSE: HeaderList = [':status', '200'];
export const TRAILERS: HeaderList = ['grpc-status', '0'];

/** A stream that the server has accepted, and what happened on it. */
export class Accepted implements Http2StreamEvents {
  readonly log: string[] = [];
  readonly #over = defer();
  readonly stream: Http2Stream;
  readonly headers: HeaderList;
  received = 0;
  drains = 0;

  constructor(stream: Http2Stream, headers: HeaderList, endStream: boolean) {
    this.stream = stream;
    this.headers = headers;
    this.log.push(endStream ? 'request+end' : 'request');
    if (endStream) this.#over.resolve();
  }

  /** The request is complete, or the stream was reset. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  onHeaders(): void {
    this.log.push('headers');
  }

  onData(chunk: Uint8Array): void {
    if (this.log.at(-1) !== 'data') this.log.push('data');
    this.received += chunk.length;
  }

  onTrailers(trailers: HeaderList): void {
    this.log.push(`trailers ${trailers.join('=')}`);
  }

  onEnd(): void {
    this.log.push('end');
    this.#over.resolve();
  }

  onReset(code: number, error?: Error): void {
    this.log.push(error === undefined ? `reset ${code}` : `reset ${code} with ${error.name}`);
    this.#over.resolve();
  }

  onDrain(): void {
    this.drains += 1;
  }
}

/** A server session of ours with a hand-made client at the other end. */
export interface ServerBench {
  readonly session: Http2ServerSession;
  readonly peer: RawPeer;
  readonly far: Duplex;
  readonly streams: Accepted[];
  /** The stream that comes next. */
  accepted(): Promise<Accepted>;
  readonly closed: Promise<Error | undefined>;
}

export function serveBench(options?: Http2Options, pair: readonly [Duplex, Duplex] = duplexPair()): ServerBench {
  const [near, far] = pair;
  const streams: Accepted[] = [];
  const waiting: ((stream: Accepted) => void)[] = [];
  let given = 0;
  const closed = defer<Error | undefined>();
  const session = serveHttp2(
    near,
    (stream, headers, endStream) => {
      const accepted = new Accepted(stream, headers, endStream);
      streams.push(accepted);
      const resolve = waiting.shift();
      if (resolve !== undefined) {
        given += 1;
        resolve(accepted);
      }
      return accepted;
    },
    { onClose: closed.resolve },
    options,
  );
  const accepted = () =>
    new Promise<Accepted>((resolve) => {
      const ready = streams[given];
      if (ready === undefined) waiting.push(resolve);
      else {
        given += 1;
        resolve(ready);
      }
    });
  return { session, far, streams, accepted, closed: closed.promise, peer: new RawPeer(far, 'client') };
}
