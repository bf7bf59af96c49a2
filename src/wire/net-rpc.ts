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

/** The header before the argument of a call (Go net/rpc server.go Request). */
const RequestHeader = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uintExact });

/** The header before a reply (Go net/rpc server.go Response). A non-empty Error means that the call failed and the body is to be ignored. */
const SentResponseHeader = gob.struct('Response', { ServiceMethod: gob.string, Seq: gob.uintExact, Error: gob.string });

/** The same for decoding: `Seq` alone identifies the call. */
const ResponseHeader = gob.struct('Response', { Seq: gob.uintExact, Error: gob.string });

/** The header of a request (Go net/rpc Request). */
export type NetRpcRequestHeader = GobType<typeof RequestHeader>;
/** The header of a response (Go net/rpc Response). */
export type NetRpcResponseHeader = GobType<typeof ResponseHeader>;

/** The types that a net/rpc codec knows, and its limits. */
export interface NetRpcCodecOptions {
  /** Concrete types of interface values, in both directions. */
  readonly registry?: GobRegistry;
  /** Limits of what is received. */
  readonly limits?: Partial<GobLimits>;
}

/** The receiving half of a net/rpc stream: a header, then its body, then the next header. */
export interface NetRpcReceiver<Header> {
  /** Adds received bytes, which must not be changed any more. */
  push(chunk: Uint8Array): void;
  /**
   * The next header; the same one until `body` or `skipBody` has read its body; undefined until it has arrived. Throws ProtocolError
   * ERR_NET_RPC_PROTOCOL for anything else, after which the stream must not be used.
   */
  header(): Header | undefined;
  /**
   * The body; undefined until it has arrived completely. Throws a ProtocolError for a body that does not fit the schema; the stream goes on
   * with the next header.
   */
  body<T>(schema: GobSchema<T>): T | undefined;
  /** Skips the body; false until it has arrived completely. */
  skipBody(): boolean;
  /** The peer has ended the stream: throws a ProtocolError if that is within a message or between a header and its body. */
  end(): void;
}

/** The sending half of a net/rpc stream. What was appended waits until it is taken. */
export interface NetRpcSender {
  /** The number of bytes that `take` would return. */
  readonly pendingBytes: number;
  /** The bytes that were appended and not taken yet. */
  take(): Uint8Array;
}

/** The client's codec of one net/rpc connection: bytes in, bytes out. */
export interface NetRpcClientCodec extends NetRpcSender {
  readonly responses: NetRpcReceiver<NetRpcResponseHeader>;
  /** Appends a request. Throws an OptionsError if the argument does not fit the schema; then nothing is appended. */
  request<T>(serviceMethod: string, seq: number, schema: GobSchema<T>, args: NoInfer<T>): void;
}

/** The server's codec of one net/rpc connection. */
export interface NetRpcServerCodec extends NetRpcSender {
  readonly requests: NetRpcReceiver<NetRpcRequestHeader>;
  /** Appends a successful response. Throws an OptionsError if the reply does not fit the schema; then nothing is appended. */
  reply<T>(to: NetRpcRequestHeader, schema: GobSchema<T>, reply: NoInfer<T>): void;
  /** Appends an error response: the text in the header, an empty struct as body. An empty text, which means success, is replaced. */
  fail(to: NetRpcRequestHeader, text: string): void;
}

/**
 * A codec for the client's end of one connection.
 *
 * @example
 * const codec = createNetRpcClientCodec();
 * codec.request('Dispenser.Dispense', 0, gob.string, 'kv');
 * stream.write(codec.take());
 */
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

/**
 * A codec for the server's end of one connection.
 *
 * @example
 * const codec = createNetRpcServerCodec();
 * codec.requests.push(chunk);
 * const header = codec.requests.header();
 * const name = header && codec.requests.body(gob.string);
 * if (header && name !== undefined) codec.reply(header, gob.string, `Hello ${name}!`);
 * stream.write(codec.take());
 */
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

/**
 * The service and the method of a request, split at the last dot; undefined without a dot.
 *
 * @example
 * splitServiceMethod('Plugin.Greet'); // { service: 'Plugin', method: 'Greet' }
 */
export function splitServiceMethod(
  serviceMethod: string,
): { readonly service: string; readonly method: string } | undefined {
  const dot = serviceMethod.lastIndexOf('.');
  if (dot < 0) return undefined;
  return { service: serviceMethod.slice(0, dot), method: serviceMethod.slice(dot + 1) };
}

/** The texts of error responses, exactly as Go writes them (net/rpc server.go readRequestHeader). */
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
