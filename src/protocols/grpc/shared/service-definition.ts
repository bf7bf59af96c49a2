import type { Readable } from 'node:stream';
import type { Observable, ObservableInput } from 'rxjs';
import type { PartialService } from '../../contract.js';
import type { Metadata } from './grpc-js.js';
import type { MetadataInput } from './metadata.js';
import type { MessageType, MethodDefinition, ServiceDefinition } from './method-definition.js';
import type { FromProtobufEs, ProtobufEsService } from './protobuf-es.js';

export type { MessageType, MethodDefinition, ServiceDefinition };

/** What a contract is made from: a definition of ts-proto, a service of protoc-gen-es 2, or what `fromGrpcJs` makes of one of grpc-js. */
export type AnyServiceDefinition = ServiceDefinition | ProtobufEsService;

type MethodsOf<D extends AnyServiceDefinition> = D extends ServiceDefinition
  ? D['methods']
  : D extends ProtobufEsService
    ? FromProtobufEs<D>['methods']
    : never;

/** A message as it is received: every field is there. */
export type MessageOf<M extends MessageType> = ReturnType<M['decode']>;

type Given<M extends MessageType> = Parameters<M['fromPartial']>[0];

/**
 * A message as it may be given: absent fields take their default. With ts-proto's default `useExactTypes=true` the parameter of
 * `fromPartial` is generic and what can be read of it fits nothing; then it is derived from the message.
 */
export type InputOf<M extends MessageType> = string extends keyof Given<M> ? PartialInput<MessageOf<M>> : Given<M>;

type Leaf = Date | Uint8Array | string | number | boolean | bigint | undefined;

type PartialInput<T> = T extends Leaf
  ? T
  : T extends readonly (infer Item)[]
    ? readonly PartialInput<Item>[]
    : T extends { readonly $case: infer Case }
      ? { readonly $case: Case } & { readonly [K in Exclude<keyof T, '$case'>]: PartialInput<T[K]> }
      : { readonly [K in keyof T]?: PartialInput<T[K]> | undefined };

/** An object-mode Readable of messages. A slow reader slows the sender (flow control). Destroying it cancels the call. */
export type MessageReadable<T> = AsyncIterable<T> & Readable;

/** Options of one call. */
export interface CallOptions {
  /** Sent as request headers: a Metadata, or an object of names and values. */
  readonly metadata?: MetadataInput;
  /** Counted from the subscription. Past it the call fails with DEADLINE_EXCEEDED on both ends. @default none */
  readonly timeoutMs?: number;
  /** Cancels the call, as unsubscribing does, but with an error for the subscriber. */
  readonly signal?: AbortSignal;
  /** Waits until a connection can be made instead of failing with the first attempt. @default false */
  readonly waitForReady?: boolean;
  /** Largest response, in bytes; a larger one fails the call. Engine `grpc-js` looks at it once it was received. @default the channel's */
  readonly maxReceiveMessageBytes?: number;
  /** The open call alone does not keep the process alive. @default false */
  readonly background?: boolean;
  /** Called once with the response headers, before the first message. */
  readonly onHeaders?: (metadata: Metadata) => void;
  /** Called once with the trailing metadata of a call that succeeded; a failed call has it in its GrpcError. */
  readonly onTrailers?: (metadata: Metadata) => void;
}

/**
 * One request, one response. The call is made per subscription, and not by `await`; emits one message and completes. Unsubscribe cancels.
 */
export type UnaryCall<Input, Message> = (request: Input, options?: CallOptions) => Observable<Message>;

/** Many requests, one response. `request$` is subscribed per call, and unsubscribed when the call ends first. */
export type ClientStreamCall<Input, Message> = (
  request$: ObservableInput<Input>,
  options?: CallOptions,
) => Observable<Message>;

/** One request, many responses. */
export interface ServerStreamCall<Input, Message> {
  /** An Observable has no backpressure: messages are read as fast as they arrive. Use `readable` for flow control. */
  (request: Input, options?: CallOptions): Observable<Message>;
  /** Makes the call at once. Errors with GrpcError. */
  readable(request: Input, options?: CallOptions): MessageReadable<Message>;
}

/** Many requests, many responses, independent of each other. */
export interface BidiCall<Input, Message> {
  /** `request$` is subscribed per call. Responses are read as fast as they arrive. Use `readable` for flow control. */
  (request$: ObservableInput<Input>, options?: CallOptions): Observable<Message>;
  /** Makes the call and subscribes to `request$` at once. Errors with GrpcError. */
  readable(request$: ObservableInput<Input>, options?: CallOptions): MessageReadable<Message>;
}

type ByKind<
  M extends MethodDefinition,
  Unary,
  ClientStream,
  ServerStream,
  Bidi,
  Untold,
> = boolean extends M['requestStream']
  ? Untold
  : boolean extends M['responseStream']
    ? Untold
    : M['requestStream'] extends true
      ? M['responseStream'] extends true
        ? Bidi
        : ClientStream
      : M['responseStream'] extends true
        ? ServerStream
        : Unary;

/** A call whose kind the types of the definition do not tell, as those of proto-loader. */
export interface UntoldCall<Input, Message> {
  (request: Input | ObservableInput<Input>, options?: CallOptions): Observable<Message>;
  /** There if the responses are a stream. */
  readonly readable?: (request: Input | ObservableInput<Input>, options?: CallOptions) => MessageReadable<Message>;
}

type ClientMethod<M extends MethodDefinition, Input, Message> = ByKind<
  M,
  UnaryCall<Input, Message>,
  ClientStreamCall<Input, Message>,
  ServerStreamCall<Input, Message>,
  BidiCall<Input, Message>,
  UntoldCall<Input, Message>
>;

/**
 * The typed client of a service: every call a cold Observable. `await` of one makes no call: use `firstValueFrom`, or `promiseClient` for
 * a client of Promises.
 */
export type ClientOf<D extends AnyServiceDefinition> = ClientOfMethods<MethodsOf<D>>;

type ClientOfMethods<Methods extends ServiceDefinition['methods']> = {
  readonly [K in keyof Methods]: ClientMethod<
    Methods[K],
    InputOf<Methods[K]['requestType']>,
    MessageOf<Methods[K]['responseType']>
  >;
};

/** The call that a handler answers: its metadata, its deadline, and what can be sent besides messages. */
export interface CallContext {
  /** Full method path: `/kv.v1.KV/Get`. */
  readonly path: string;
  /** The request headers. */
  readonly metadata: Metadata;
  /** The caller's deadline; undefined without one. */
  readonly deadline: Date | undefined;
  /** Aborted when the caller cancels, the deadline passes or the connection breaks; never after the call was answered. */
  readonly signal: AbortSignal;
  /** The caller's address as the transport knows it; `unknown` over a unix socket. */
  readonly peer: string;
  /** Trailing metadata, sent with the status: set it before the call ends. The metadata of a thrown GrpcError is merged over it. */
  readonly trailers: Metadata;
  /** Sends response headers now. At most once, before the first message; without it they have no metadata. */
  sendHeaders(metadata: MetadataInput): void;
  /** Resolves when all responses so far have been written to the connection, or the call has ended. */
  flushed(): Promise<void>;
  /** Resolves when the call has ended: the status has been written to the connection, or the caller is gone. */
  readonly ended: Promise<void>;
}

/** The context of a call whose requests are a stream. */
export interface StreamCallContext<Message> extends CallContext {
  /**
   * The same requests as the handler's Observable, as a Readable for a handler that reads more slowly than they come. Take one
   * or the other: nothing is read before the first use.
   */
  readonly requests: MessageReadable<Message>;
}

/** How a handler may give its one response. An Observable must emit exactly one value; it is unsubscribed when the caller cancels. */
export type HandlerResult<T> = T | PromiseLike<T> | Observable<T>;

/**
 * How a handler may give many responses. An AsyncIterable (a Readable is one) is pulled at the caller's pace and returned when the
 * caller cancels; an Observable is unsubscribed, and what it emits too fast is buffered within the server's `maxBufferedBytes`.
 */
export type HandlerStream<T> = Observable<T> | AsyncIterable<T>;

/** Answers one request with one response. */
export type UnaryHandler<Message, Input> = (request: Message, call: CallContext) => HandlerResult<Input>;

/** Answers many requests with one response. `request$` as with `BidiHandler`. */
export type ClientStreamHandler<Message, Input> = (
  request$: Observable<Message>,
  call: StreamCallContext<Message>,
) => HandlerResult<Input>;

/** Answers one request with many responses. */
export type ServerStreamHandler<Message, Input> = (request: Message, call: CallContext) => HandlerStream<Input>;

/**
 * `request$` is read from its subscription on, and can be subscribed to once. A caller that cancels is an error of it (GrpcError
 * CANCELLED): a handler that subscribes by itself, instead of returning what it makes of it, has to handle that.
 */
export type BidiHandler<Message, Input> = (
  request$: Observable<Message>,
  call: StreamCallContext<Message>,
) => HandlerStream<Input>;

/** A handler of a method whose kind the types of the definition do not tell. It takes what a handler of the method's kind takes. */
export type UntoldHandler<Message, Input> = {
  // A method's parameters may be narrowed by whoever implements it.
  handle(
    request: Message | Observable<Message>,
    call: StreamCallContext<Message>,
  ): HandlerResult<Input> | HandlerStream<Input>;
}['handle'];

type ServiceMethod<M extends MethodDefinition, Message, Input> = ByKind<
  M,
  UnaryHandler<Message, Input>,
  ClientStreamHandler<Message, Input>,
  ServerStreamHandler<Message, Input>,
  BidiHandler<Message, Input>,
  UntoldHandler<Message, Input>
>;

/** What implements a service: a class's instance or a plain object with one handler per method. */
export type ServiceOf<D extends AnyServiceDefinition> = ServiceOfMethods<MethodsOf<D>>;

type ServiceOfMethods<Methods extends ServiceDefinition['methods']> = {
  readonly [K in keyof Methods]: ServiceMethod<
    Methods[K],
    MessageOf<Methods[K]['requestType']>,
    InputOf<Methods[K]['responseType']>
  >;
};

/** A service as it may be given: complete, or an object of a class that extends `unimplemented(definition)`. */
export type HandlersOf<D extends AnyServiceDefinition> = ServiceOf<D> | PartialService<ServiceOf<D>>;

/** The path of a method on the wire: `/kv.v1.KV/Get`. */
export function methodPath(service: ServiceDefinition, method: MethodDefinition): string {
  return `/${service.fullName}/${method.name}`;
}
