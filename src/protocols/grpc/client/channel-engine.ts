import type { Duplex } from 'node:stream';
import type { HeaderList, Http2SessionEvents } from '../../../transports/http2/engine.js';
import type { CallStatus } from '../shared/status.js';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions } from './call.js';
import type { Placed } from './open-calls.js';

/** One connection of a channel, from the moment when it was dialed. */
export interface ChannelConnection {
  /** Takes new calls. */
  readonly usable: boolean;
  /** At once. Idempotent. */
  destroy(error?: Error): void;
  /** Whether the connection keeps the event loop alive. */
  ref(): void;
  unref(): void;
}

/** A call as its channel sees it. */
export interface EngineCall<Connection> extends GrpcCall, Placed {
  readonly options: GrpcCallOptions;
  /** Puts the call on its way. */
  attach(connection: Connection): void;
  /** Ends the call from this side. */
  fail(status: CallStatus): void;
  /** The deadline has passed. */
  expire(): void;
}

/** What a call needs of its channel. */
export interface CallHost<Call> {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  headersOf(path: string, options: GrpcCallOptions, timeoutMs: number | undefined): HeaderList;
  /** Why a call is not on its way yet, for the message of its timeout. */
  describeWait(): string;
  onOver(call: Call): void;
}

/** What a channel's connections and calls are made of. When to connect, and which calls wait, is not the engine's to say. */
export interface ChannelEngine<Connection extends ChannelConnection> {
  /** Speaks gRPC over a connection that was dialed, and owns it from here on. */
  begin(dialed: Duplex, events: Http2SessionEvents): Connection;
  createCall(
    host: CallHost<EngineCall<Connection>>,
    path: string,
    options: GrpcCallOptions,
    events: GrpcCallEvents,
  ): EngineCall<Connection>;
}
