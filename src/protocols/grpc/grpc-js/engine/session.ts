import type { Duplex } from 'node:stream';
import { Channel, type ChannelOptions, connectivityState as ConnectivityState } from '@grpc/grpc-js';
import { ClosedError, PluginError, ProtocolError, TransportError } from '../../../../errors.js';
import type { HeaderList, Http2SessionEvents, Http2StreamEvents } from '../../../../transports/http2/interfaces.js';
import type { ChannelSession, ClientStream } from '../../client/dial-session.js';
import { headerOf, metadataFrom } from '../../shared/metadata.js';
import { dialedCredentials, TARGET } from './dial.js';
import { Linger } from './linger.js';
import { GrpcJsStream } from './stream.js';

const CLOSED = 'The peer closed the connection.';
/** grpc-js reports no reason where the connection is no socket. */
const GIVEN_UP =
  'grpc-js ended the connection: the peer does not speak HTTP/2, broke its rules, or left a PING unanswered.';

type Handle = Duplex & { ref?(): unknown; unref?(): unknown };

/** A Channel of grpc-js for one dialed connection, in the form of an HTTP/2 session. */
export class GrpcJsSession implements ChannelSession {
  /** grpc-js does not expose it. */
  readonly peerMaxHeaderListBytes = Number.POSITIVE_INFINITY;
  readonly #channel: Channel;
  readonly #dialed: Duplex;
  readonly #setRef: (refed: boolean) => void;
  readonly #streams = new Set<GrpcJsStream>();
  #events: Http2SessionEvents | undefined;
  #ready = false;
  #retired = false;
  /** The peer has ended its side. */
  #ended = false;
  #error: PluginError | undefined;
  readonly #linger: Linger;

  constructor(dialed: Duplex, secure: boolean, events: Http2SessionEvents, options: ChannelOptions) {
    this.#dialed = dialed;
    this.#linger = new Linger(dialed);
    this.#events = events;
    this.#setRef = takeRef(dialed);
    // Before node:http2, which misses some: a TLS alert after the handshake, the end of TLS over a stream.
    dialed.on('error', (error) => {
      this.#error ??= sessionError(error);
      dialed.destroy();
    });
    dialed
      .once('end', () => {
        this.#ended = true;
        dialed.end();
        this.#linger.start();
      })
      .once('finish', () => this.#linger.start())
      .once('close', () => this.#finish());
    this.#channel = new Channel(TARGET, dialedCredentials(dialed, secure), options);
    this.#channel.getConnectivityState(true);
    this.#watch();
  }

  get usable(): boolean {
    return this.#ready;
  }

  open(headers: HeaderList, events: Http2StreamEvents): ClientStream {
    const path = headerOf(headers, ':path')!;
    const timeout = headerOf(headers, 'grpc-timeout');
    const metadata = metadataFrom(headers);
    if (timeout !== undefined) metadata.set('grpc-timeout', timeout);
    const authority = headerOf(headers, ':authority') ?? null;
    // The deadline is counted by the caller, because it covers the wait for a connection.
    const call = this.#channel.createCall(path, Number.POSITIVE_INFINITY, authority, null, undefined);
    const stream = new GrpcJsStream(
      call,
      events,
      () => this.#loss(),
      (over) => this.#streams.delete(over),
    );
    this.#streams.add(stream);
    stream.start(metadata);
    return stream;
  }

  destroy(error?: Error): void {
    this.#error ??=
      error === undefined ? new ClosedError('ERR_CLOSED', 'The connection was closed.') : sessionError(error);
    this.#retire();
    for (const stream of this.#streams) stream.lose(this.#error);
    this.#dialed.destroy();
  }

  ref(): void {
    this.#setRef(true);
  }

  unref(): void {
    this.#setRef(false);
  }

  /** Why the connection is over; undefined while it is not. */
  #loss(): Error | undefined {
    if (this.#events !== undefined) return this.#error;
    this.#error ??= new TransportError('ERR_CONNECTION_LOST', this.#ended ? CLOSED : GIVEN_UP);
    return this.#error;
  }

  #watch(): void {
    const channel = this.#channel;
    const state = channel.getConnectivityState(false);
    if (state === ConnectivityState.SHUTDOWN) return;
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      this.#onState(channel.getConnectivityState(false));
      this.#watch();
    });
  }

  #onState(state: ConnectivityState): void {
    if (state === ConnectivityState.READY) {
      this.#ready = true;
      this.#events?.onReady?.();
    } else if (this.#ready) {
      // GOAWAY, or the connection ended. Open calls go on; grpc-js must not connect again.
      this.#retire();
      this.#events?.onGoAway?.(0);
    } else if (state === ConnectivityState.TRANSIENT_FAILURE) {
      this.#retire();
      this.#dialed.destroy();
    }
  }

  #retire(): void {
    this.#ready = false;
    if (this.#retired) return;
    this.#retired = true;
    // Not from within grpc-js's own state change.
    process.nextTick(() => this.#channel.close());
  }

  #finish(): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#events = undefined;
    this.#linger.stop();
    this.#retire();
    events.onClose(this.#loss());
  }
}

/** grpc-js refs the connection for every call, background ones too: from here on only the returned function does. */
function takeRef(dialed: Handle): (refed: boolean) => void {
  const ref = dialed.ref?.bind(dialed);
  const unref = dialed.unref?.bind(dialed);
  const nothing = (): Handle => dialed;
  Object.assign(dialed, { ref: nothing, unref: nothing });
  return (refed) => void (refed ? ref : unref)?.();
}

/** What ended a connection, as an error of ours. */
function sessionError(error: Error): PluginError {
  if (PluginError.is(error)) return error;
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_HTTP2')) {
    return new ProtocolError('ERR_HTTP2_PROTOCOL', `The HTTP/2 session failed: ${error.message}.`, { cause: error });
  }
  return new TransportError('ERR_CONNECTION_LOST', `The connection failed: ${error.message}.`, { cause: error });
}
