import { errorMessage, ProtocolError } from '../errors.js';
import {
  createGobDecoder,
  createGobEncoder,
  type GobDecoder,
  type GobLimits,
  type GobRegistry,
  type GobSchema,
  type GobType,
  gob,
} from './gob/index.js';

/** What precedes every argument (Go net/rpc server.go Request). */
const RequestHeader = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uintExact });

/** What precedes every reply (Go net/rpc server.go Response). A non-empty Error means failure, and that the body means nothing. */
const SentResponseHeader = gob.struct('Response', { ServiceMethod: gob.string, Seq: gob.uintExact, Error: gob.string });

/** The same, as it is read: the name of the method is known from the number. */
const ResponseHeader = gob.struct('Response', { Seq: gob.uintExact, Error: gob.string });

/** What stands before the arguments of a call (Go net/rpc Request). */
export type NetRpcRequestHeader = GobType<typeof RequestHeader>;
/** What stands before the reply (Go net/rpc Response). */
export type NetRpcResponseHeader = GobType<typeof ResponseHeader>;

/** What a net/rpc codec knows of types, and may hold. */
export interface NetRpcCodecOptions {
  /** Concrete types of interface values, both ways. */
  readonly registry?: GobRegistry;
  /** What the peer may make us hold. */
  readonly limits?: Partial<GobLimits>;
}

/** The receiving half of a net/rpc stream: a header, then its body, then the next header. */
export interface NetRpcReceiver<Header> {
  /** Takes in received bytes, which nobody may change any more. */
  push(chunk: Uint8Array): void;
  /**
   * The header whose body comes next: the same until `body` or `skipBody` has dealt with it; undefined until it has arrived.
   * Raises ERR_NET_RPC_PROTOCOL for what is no header: nothing that follows can be trusted.
   */
  header(): Header | undefined;
  /**
   * The body, undefined until it has arrived completely. Raises the ProtocolError of a body that does not fit; the next header follows
   * all the same.
   */
  body<T>(schema: GobSchema<T>): T | undefined;
  /** Passes over the body, whatever it is; false until it has arrived completely. */
  skipBody(): boolean;
  /** The peer has ended the stream: raises a ProtocolError when that cuts a message in two, or a header from its body. */
  end(): void;
}

/** The sending half. What is appended waits until it is taken. */
export interface NetRpcSender {
  readonly pendingBytes: number;
  /** Everything appended and not yet taken. */
  take(): Uint8Array;
}

/** A client's end of a net/rpc stream: bytes in, bytes out. Made for one connection; never shared or used again. */
export interface NetRpcClientCodec extends NetRpcSender {
  readonly responses: NetRpcReceiver<NetRpcResponseHeader>;
  /** Appends a request. Raises an OptionsError when the argument does not fit; nothing is appended then. */
  request<T>(serviceMethod: string, seq: number, schema: GobSchema<T>, args: NoInfer<T>): void;
}

/** A server's end of a net/rpc stream. */
export interface NetRpcServerCodec extends NetRpcSender {
  readonly requests: NetRpcReceiver<NetRpcRequestHeader>;
  /** Appends a successful response. Raises an OptionsError when the reply does not fit; nothing is appended then. */
  reply<T>(to: NetRpcRequestHeader, schema: GobSchema<T>, reply: NoInfer<T>): void;
  /** Appends a failure: the text in the header, an empty struct as body. An empty text would mean success and is replaced. */
  fail(to: NetRpcRequestHeader, text: string): void;
}

/** A codec for the calling end of one connection: numbers requests' types, remembers the peer's. Holds no more than its limits allow. */
export function createNetRpcClientCodec(options: NetRpcCodecOptions = {}): NetRpcClientCodec {
  const encoder = createGobEncoder(options);
  return {
    responses: new Receiver(ResponseHeader, options),
    get pendingBytes() {
      return encoder.pendingBytes;
    },
    take: () => encoder.take(),
    request(serviceMethod, seq, schema, args) {
      encoder.appendPair(RequestHeader, { ServiceMethod: serviceMethod, Seq: seq }, schema, args);
    },
  };
}

/** A codec for the answering end of one connection; otherwise as the client's. */
export function createNetRpcServerCodec(options: NetRpcCodecOptions = {}): NetRpcServerCodec {
  const encoder = createGobEncoder(options);
  return {
    requests: new Receiver(RequestHeader, options),
    get pendingBytes() {
      return encoder.pendingBytes;
    },
    take: () => encoder.take(),
    reply({ ServiceMethod, Seq }, schema, reply) {
      encoder.appendPair(SentResponseHeader, { ServiceMethod, Seq, Error: '' }, schema, reply);
    },
    fail({ ServiceMethod, Seq }, text) {
      encoder.appendPair(SentResponseHeader, { ServiceMethod, Seq, Error: text || UNNAMED_ERROR }, gob.empty, {});
    },
  };
}

/** The service and the method that a request names: split at the last dot; undefined without one. */
export function splitServiceMethod(
  serviceMethod: string,
): { readonly service: string; readonly method: string } | undefined {
  const dot = serviceMethod.lastIndexOf('.');
  if (dot < 0) return undefined;
  return { service: serviceMethod.slice(0, dot), method: serviceMethod.slice(dot + 1) };
}

/** The texts of error replies, word for word as Go writes them (net/rpc server.go readRequestHeader). */
export const NET_RPC_TEXTS = {
  illFormed: (serviceMethod: string) => `rpc: service/method request ill-formed: ${serviceMethod}`,
  unknownService: (serviceMethod: string) => `rpc: can't find service ${serviceMethod}`,
  unknownMethod: (serviceMethod: string) => `rpc: can't find method ${serviceMethod}`,
} as const;

const UNNAMED_ERROR = 'unnamed error';

class Receiver<Header> implements NetRpcReceiver<Header> {
  readonly #decoder: GobDecoder;
  readonly #schema: GobSchema<Header>;
  #header: Header | undefined;

  constructor(schema: GobSchema<Header>, options: NetRpcCodecOptions) {
    this.#schema = schema;
    this.#decoder = createGobDecoder(options);
  }

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  header(): Header | undefined {
    if (this.#header !== undefined) return this.#header;
    try {
      this.#header = this.#decoder.next(this.#schema);
    } catch (cause) {
      throw new ProtocolError('ERR_NET_RPC_PROTOCOL', `The peer sent no net/rpc header: ${errorMessage(cause)}`, {
        cause,
      });
    }
    return this.#header;
  }

  body<T>(schema: GobSchema<T>): T | undefined {
    try {
      const body = this.#decoder.next(schema);
      if (body !== undefined) this.#header = undefined;
      return body;
    } catch (error) {
      this.#header = undefined;
      throw error;
    }
  }

  skipBody(): boolean {
    try {
      const skipped = this.#decoder.skip();
      if (skipped) this.#header = undefined;
      return skipped;
    } catch (error) {
      this.#header = undefined;
      throw error;
    }
  }

  end(): void {
    this.#decoder.end();
    if (this.#header === undefined) return;
    throw new ProtocolError('ERR_NET_RPC_PROTOCOL', 'The net/rpc stream ended between a header and its body.');
  }
}
