/**
 * A header block as a flat list in wire order: name, value, name, value. Names are lower case, and pseudo-header fields come first. A flat
 * list, because an object for each of a call's fields would cost more than the rest of the call.
 */
export type HeaderList = readonly string[];

/**
 * Receives the events of a stream, while the session handles what its connection has read, or within a call of a method. Must not throw.
 * Nothing follows `onReset`. A client receives nothing after `onEnd`; a server may still receive `onDrain`, `onFinish` and `onReset`, until
 * it has ended its own direction.
 */
export interface Http2StreamEvents {
  /** Client: the headers of the response; interim responses are skipped. `endStream`: nothing follows (gRPC's Trailers-Only). */
  onHeaders(headers: HeaderList, endStream: boolean): void;
  /**
   * Bytes of the body; the receiver gives their window back with `consume`. They belong to the receiver, unless they are `transient`:
   * then their memory is used again after the call, and what is kept has to be copied.
   */
  onData(chunk: Uint8Array, transient: boolean): void;
  /** Trailers; `onEnd` follows. */
  onTrailers(trailers: HeaderList): void;
  /** The peer has ended its direction. */
  onEnd(): void;
  /** The stream was reset by the peer, or for an error of it, with an HTTP/2 error code; or, with `error`, the session has ended. */
  onReset(code: number, error?: Error): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  /** Server: END_STREAM was handed to the connection; nothing follows. Not called for a stream that was reset. */
  onFinish?(): void;
}

/** One stream of an HTTP/2 session, either role. */
export interface Http2Stream {
  /** Server: sends the headers of the response. A client gives its headers to `open`. */
  sendHeaders(headers: HeaderList, endStream?: boolean): void;
  /**
   * Sends bytes of the body, which the stream owns from here on. True: they were handed to the connection, and it takes more. False: wait
   * for `onDrain`; the bytes are queued all the same.
   */
  write(chunk: Uint8Array, endStream?: boolean): boolean;
  /** Server: sends trailers behind all queued bytes. A server that has ended its direction closes the stream. */
  sendTrailers(trailers: HeaderList): void;
  /** Ends our direction behind all queued bytes. */
  end(): void;
  /** Closes the stream with an HTTP/2 error code (8 = CANCEL). Idempotent. Queued bytes are dropped, and `onReset` is not called. */
  reset(code: number): void;
  /** Gives the receive window back for bytes that `onData` delivered. Not calling it is backpressure. */
  consume(bytes: number): void;
}

export interface Http2SessionEvents {
  /** The session has ended: without an error when that was announced by GOAWAY. Called exactly once, behind the events of all streams. */
  onClose(error?: Error): void;
  /** The peer's first SETTINGS were received: it speaks HTTP/2. Called at most once. Streams may be opened earlier. */
  onReady?(): void;
  /** The peer takes no new streams; open ones go on. Called at most once. */
  onGoAway?(code: number): void;
}

export interface Http2Session {
  /** Most bytes of a header list that the peer accepts (SETTINGS_MAX_HEADER_LIST_SIZE). Infinity unless it has announced a limit. */
  readonly peerMaxHeaderListBytes: number;
  /** Sends PING; resolves with the round trip in milliseconds. Rejects when the session ends or `timeoutMs` passes. */
  ping(timeoutMs: number): Promise<number>;
  /** Takes no new streams; resolves when the open ones are closed and the connection is closed. */
  close(): Promise<void>;
  /** At once: resets every stream and destroys the connection. Idempotent. */
  destroy(error?: Error): void;
  /** Whether the session keeps the event loop alive. */
  ref(): void;
  unref(): void;
}

export interface Http2ClientSession extends Http2Session {
  /**
   * Opens a stream and sends the headers of the request. A stream over the peer's concurrency limit waits in the session. Throws ClosedError
   * when the session takes no more streams, ProtocolError ERR_LIMIT_EXCEEDED when too many wait, OptionsError for a header that is not
   * made of octets.
   */
  open(headers: HeaderList, events: Http2StreamEvents, endStream?: boolean): Http2Stream;
  /** False after GOAWAY, and once the session was closed: connect again. */
  readonly usable: boolean;
  /** A number that changes when something was received. */
  readonly received: number;
  /** Takes no more streams, and fails those that are open unless the peer answers a PING within `keepAliveTimeoutMs`. */
  leave(): void;
}

export interface Http2ServerSession extends Http2Session {
  /** How many streams are open or half-closed. */
  readonly openStreams: number;
  /** Who receives their events. */
  receivers(): Http2StreamEvents[];
  /** At once for the streams, which are reset; the connection ends when what was sent is written, within a bound. Idempotent. */
  hangUp(): void;
}

/** Called for every stream that the client opens; with the headers of the request. Returns the receiver of its events. */
export type Http2StreamHandler = (stream: Http2Stream, headers: HeaderList, endStream: boolean) => Http2StreamEvents;

/** Limits of one session. Engine `grpc-js` has some of them, and other defaults. */
export interface Http2Options {
  /**
   * Receive window of a stream, in bytes: how much the peer may send on it that was not consumed yet. A connection holds at most this
   * much for each open stream. @default 1 MiB
   */
  readonly streamWindowBytes?: number;
  /**
   * Receive window of the connection, in bytes: how much the peer may send on all streams together before this end confirms what it has
   * received. It is given back on receipt, so streams that nobody reads do not use it up. @default 32 MiB
   */
  readonly connectionWindowBytes?: number;
  /** Largest DATA frame that the peer may send, in bytes. @default 128 KiB */
  readonly maxFrameBytes?: number;
  /** Most bytes of a received header list. @default 64 KiB */
  readonly maxHeaderListBytes?: number;
  /** Server: streams that a client may have open at once; more are refused. @default 10 000 */
  readonly maxConcurrentStreams?: number;
  /** Client: streams that may wait for the peer's concurrency limit; `open` throws beyond it. @default 10 000 */
  readonly maxWaitingStreams?: number;
  /** Ends the session when the peer has not acknowledged our SETTINGS by then. @default 20 000 ms */
  readonly settingsTimeoutMs?: number;
  /**
   * Sends PING when the peer was silent for so long, or up to twice as long; 0 for never. grpc-go servers, and so Go plugins, close a connection whose client
   * pings more often than every five minutes. @default 0 ms
   */
  readonly keepAliveMs?: number;
  /** Ends the session when a PING of keep-alive is not answered by then. @default 20 000 ms */
  readonly keepAliveTimeoutMs?: number;
  /** Client: sends PING also while no stream is open. grpc-go servers close such connections. @default false */
  readonly keepAliveWithoutStreams?: boolean;
}
