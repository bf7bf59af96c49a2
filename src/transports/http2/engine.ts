/**
 * A header block in wire order as a flat list: name, value, name, value. Names are lower case, pseudo headers come first.
 * Flat, because a gRPC call carries a handful of them and objects would cost more than the call.
 */
export type HeaderList = readonly string[];

/** What happens on a stream. Called on the session's turn; must not throw. After `onEnd` or `onReset` nothing follows. */
export interface Http2StreamEvents {
  /** First header block of the peer: request or response. `endStream`: nothing follows (gRPC's trailers-only). */
  onHeaders(headers: HeaderList, endStream: boolean): void;
  /**
   * Body bytes, a view of what the connection delivered; the receiver gives the window back with `consume`. They belong to the receiver,
   * unless they are `lent`: then their memory is used again after the call, and what is kept has to be copied.
   */
  onData(chunk: Uint8Array, lent: boolean): void;
  /** Trailing header block; `onEnd` follows. */
  onTrailers(trailers: HeaderList): void;
  /** The peer finished its direction in good order. */
  onEnd(): void;
  /**
   * The stream is dead: RST_STREAM with its code, or, with `error`, the end of the whole session and why. A client hears nothing after
   * `onEnd`; a server may still hear this and `onDrain` until it has ended its own direction.
   */
  onReset(code: number, error?: Error): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  /** Server: the last of our direction was handed to the connection; nothing follows. Not after a reset. */
  onFinish?(): void;
}

/** One stream of an HTTP/2 session, either role. */
export interface Http2Stream {
  /** Server: response headers. Client: never (they are given to `open`). */
  sendHeaders(headers: HeaderList, endStream?: boolean): void;
  /**
   * Queues body bytes, which the stream owns from here on. True: they were handed to the connection, and it takes more. False: wait
   * for `onDrain`; the bytes are queued all the same.
   */
  write(chunk: Uint8Array, endStream?: boolean): boolean;
  /** Server: ends with trailers after all queued bytes. Once a server has ended its direction, the stream is over in both. */
  sendTrailers(trailers: HeaderList): void;
  /** Finishes our direction after all queued bytes. */
  end(): void;
  /** Kills the stream with an HTTP/2 error code (8 = CANCEL). Idempotent. Queued bytes are dropped; `onReset` is not called for it. */
  reset(code: number): void;
  /**
   * Returns the stream's receive window for bytes that `onData` delivered and the receiver is done with: backpressure is not calling it.
   */
  consume(bytes: number): void;
}

export interface Http2SessionEvents {
  /** The session is over: cleanly (no error), by go-away, or broken. Called exactly once. Every open stream was reset before. */
  onClose(error?: Error): void;
  /** The peer's first SETTINGS have come: it does speak HTTP/2. Once at most, before `onClose`. Streams may be opened earlier. */
  onReady?(): void;
  /** The peer takes no new streams; open ones go on. */
  onGoAway?(code: number): void;
}

export interface Http2Session {
  /** Sends PING; resolves with the round trip in milliseconds. Rejects when the session ends or `timeoutMs` passes. */
  ping(timeoutMs: number): Promise<number>;
  /** Graceful: no new streams, resolves when the open ones are done and the connection is closed. */
  close(): Promise<void>;
  /** At once: resets every stream and destroys the connection. Idempotent. */
  destroy(error?: Error): void;
  /** Whether the session keeps the event loop alive. */
  ref(): void;
  unref(): void;
}

export interface Http2ClientSession extends Http2Session {
  /**
   * Opens a stream and sends the request headers. Throws when the session takes no more streams. Streams over the peer's
   * concurrency limit wait inside the session.
   */
  open(headers: HeaderList, events: Http2StreamEvents, endStream?: boolean): Http2Stream;
  /** False after go-away or close: dial anew. */
  readonly usable: boolean;
}

/** The end of a connection that accepts streams. */
export interface Http2ServerSession extends Http2Session {
  /** Streams that are open or half-closed. */
  readonly openStreams: number;
}

/** Called for every stream that the client opens; returns the receiver of its events. */
export type Http2StreamHandler = (stream: Http2Stream, headers: HeaderList, endStream: boolean) => Http2StreamEvents;

/** Limits of one session. Engine `grpc-js` has some of them, and other defaults. */
export interface Http2Options {
  /**
   * Receive window of a stream, in bytes: how much of it the peer may have sent that was not consumed. What a connection may hold in
   * memory is this much for each open stream. @default 1 MiB
   */
  readonly streamWindowBytes?: number;
  /**
   * Receive window of the connection, in bytes: how much the peer may send on all streams together before it reads that it was received.
   * Streams that nobody reads take nothing of it. @default 32 MiB
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
   * Sends PING when the peer was silent for so long; 0 for never. grpc-go servers, and so Go plugins, close a connection whose client
   * pings more often than every five minutes. @default 0 ms
   */
  readonly keepAliveMs?: number;
  /** Ends the session when a PING of keep-alive is not answered by then. @default 20 000 ms */
  readonly keepAliveTimeoutMs?: number;
  /** Client: PINGs also while no stream is open. grpc-go servers close a connection over that, too. @default false */
  readonly keepAliveWithoutStreams?: boolean;
}
