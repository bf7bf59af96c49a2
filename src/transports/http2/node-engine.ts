import { type ClientHttp2Session, connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { ClosedError, ProtocolError, TransportError } from '../../errors.js';
import type {
  HeaderList,
  Http2ClientSession,
  Http2Engine,
  Http2Options,
  Http2SessionEvents,
  Http2Stream,
  Http2StreamEvents,
} from './engine.js';
import { Linger } from './linger.js';
import { sessionError } from './node-error.js';
import { NodeHttp2Stream } from './node-stream.js';

const STREAM_WINDOW_BYTES = 1024 * 1024;
/**
 * node:http2 does not read while a write is in flight. Two of them that both have more to say than the connection between them holds
 * would wait for each other for ever; what a socket or a stream holds one way is more than this, so the peer always comes to read.
 */
const CONNECTION_WINDOW_BYTES = 128 * 1024;
const MAX_HEADER_LIST_BYTES = 64 * 1024;
/** The smallest header counts 32 bytes (RFC 9113 §6.5.2), so the limit in bytes is the one that counts. */
const BYTES_PER_HEADER = 32;
/** In megabytes. Windows bound what comes in, `onDrain` what goes out; node's own limit of 10 refuses large messages. */
const SESSION_MEMORY = 1_000_000;
const NO_ERROR = 0;

/**
 * The HTTP/2 of node:http2, client side. Known limit: a peer that sends an oversized frame is answered with GOAWAY, but node neither
 * ends the session nor reads on, so it looks like a peer that fell silent: deadlines and pings find out.
 */
export const nodeHttp2Engine: Http2Engine = {
  connect: (connection, events, options = {}) => new NodeHttp2Session(connection, events, options),
};

class NodeHttp2Session implements Http2ClientSession {
  readonly #connection: Duplex;
  readonly #session: ClientHttp2Session;
  readonly #streams = new Set<NodeHttp2Stream>();
  readonly #closed: Promise<void>;
  #events: Http2SessionEvents | undefined;
  #resolveClosed: () => void = () => {};
  #error: Error | undefined;
  /** Nobody has to be told why: we ended it, or the peer said goodbye. */
  #excused = false;
  readonly #linger: Linger;

  constructor(connection: Duplex, events: Http2SessionEvents, options: Http2Options) {
    this.#connection = connection;
    this.#linger = new Linger(connection);
    this.#events = events;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    // node:http2 hears of some, but not of a TLS alert that comes after the handshake, and then waits for ever.
    connection.on('error', (error) => {
      this.#error ??= sessionError(error);
      connection.destroy();
    });
    connection.once('end', () => this.#onConnectionEnd()).once('close', () => this.#finish());
    this.#session = open(connection, options);
    this.#session.setLocalWindowSize(options.connectionWindowBytes ?? CONNECTION_WINDOW_BYTES);
    this.#listen();
  }

  get usable(): boolean {
    return this.#events !== undefined && !this.#session.closed && !this.#session.destroyed;
  }

  open(headers: HeaderList, events: Http2StreamEvents, endStream = false): Http2Stream {
    if (!this.usable) throw new ClosedError('ERR_CLOSED', 'The HTTP/2 session takes no more streams. Dial anew.');
    const onOver = (over: NodeHttp2Stream) => this.#forget(over);
    const stream = new NodeHttp2Stream(this.#session, toHeaderObject(headers), endStream, events, onOver);
    this.#streams.add(stream);
    return stream;
  }

  ping(timeoutMs: number): Promise<number> {
    if (!this.usable)
      return Promise.reject(new ClosedError('ERR_CLOSED', 'The HTTP/2 session is over: nothing to ping.'));
    return new Promise((resolve, reject) => {
      const fail = (what: string) => reject(new TransportError('ERR_CONNECTION_LOST', `PING: ${what}.`));
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      timer.unref();
      const sent = this.#session.ping((error, durationMs) => {
        clearTimeout(timer);
        if (error === null) resolve(durationMs);
        else fail('the session ended first');
      });
      if (!sent) fail('too many are unanswered');
    });
  }

  close(): Promise<void> {
    this.#excused = true;
    this.#session.close();
    this.#lingerWhenIdle();
    return this.#closed;
  }

  destroy(error?: Error): void {
    this.#excused = true;
    this.#error ??= error;
    this.#session.destroy();
    this.#connection.destroy();
    process.nextTick(() => this.#finish());
  }

  ref(): void {
    callIfThere(this.#connection, 'ref');
  }

  unref(): void {
    callIfThere(this.#connection, 'unref');
  }

  /** node:http2 leaves that to the connection, and TLS over anything but a socket stays half open: the peer would wait for ever. */
  #onConnectionEnd(): void {
    this.#connection.end();
    this.#linger.start();
  }

  #listen(): void {
    this.#session
      .once('remoteSettings', () => this.#events?.onReady?.())
      .on('error', (error) => {
        this.#error ??= sessionError(error);
        this.#connection.destroy();
      })
      .on('goaway', (code, _lastStreamId, data) => this.#onGoAway(code, data))
      .once('close', () => this.#finish());
  }

  #onGoAway(code: number, data: Uint8Array | undefined): void {
    if (code === NO_ERROR) this.#excused = true;
    else this.#error ??= goAwayError(code, data);
    this.#events?.onGoAway?.(code);
    this.#lingerWhenIdle();
  }

  #forget(stream: NodeHttp2Stream): void {
    this.#streams.delete(stream);
    if (this.#session.closed) this.#lingerWhenIdle();
  }

  /** When node:http2 has ended its side it waits for the peer's without a bound. */
  #lingerWhenIdle(): void {
    if (this.#streams.size === 0) this.#linger.start();
  }

  #finish(): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#events = undefined;
    this.#linger.stop();
    const lost = () => new TransportError('ERR_CONNECTION_LOST', 'The peer closed the connection without a GOAWAY.');
    const error = this.#error ?? (this.#excused ? undefined : lost());
    const reason = error ?? new ClosedError('ERR_CLOSED', 'The HTTP/2 session was closed.');
    for (const stream of this.#streams) stream.sessionEnded(reason);
    this.#streams.clear();
    this.#session.destroy();
    this.#connection.destroy();
    events.onClose(error);
    this.#resolveClosed();
  }
}

function open(connection: Duplex, options: Http2Options): ClientHttp2Session {
  const maxHeaderListSize = options.maxHeaderListBytes ?? MAX_HEADER_LIST_BYTES;
  return connect('http://localhost', {
    createConnection: () => connection,
    settings: {
      enablePush: false,
      initialWindowSize: options.streamWindowBytes ?? STREAM_WINDOW_BYTES,
      maxHeaderListSize,
    },
    maxHeaderListPairs: Math.ceil(maxHeaderListSize / BYTES_PER_HEADER),
    maxSessionMemory: SESSION_MEMORY,
  });
}

function toHeaderObject(headers: HeaderList): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]!;
    const value = headers[index + 1]!;
    const former = object[name];
    if (former === undefined) object[name] = value;
    else object[name] = Array.isArray(former) ? [...former, value] : [former, value];
  }
  return object;
}

function goAwayError(code: number, data: Uint8Array | undefined): ProtocolError {
  const text = data === undefined ? '' : Buffer.from(data).toString('utf8', 0, 200);
  const details = text === '' ? {} : { details: { text } };
  const why = text === '' ? '' : `: ${JSON.stringify(text)}`;
  return new ProtocolError('ERR_HTTP2_PROTOCOL', `The peer ended the session with GOAWAY ${code}${why}.`, details);
}

/** A socket can stop holding the event loop; other Duplexes hold nothing. */
function callIfThere(connection: Duplex & { ref?(): unknown; unref?(): unknown }, name: 'ref' | 'unref'): void {
  connection[name]?.();
}
