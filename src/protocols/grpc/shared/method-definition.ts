/**
 * What generated code appends a message to: a `BinaryWriter` of `@bufbuild/protobuf`, whose declarations for ES modules and for CommonJS are
 * distinct types.
 */
interface MessageSink {
  finish(): Uint8Array;
}

/** What ts-proto generates for a message type: plain functions, no class. `Input` is the partial form that callers write. */
export interface MessageType<T = unknown, Input = never> {
  /** Appends to the writer where one is given. */
  encode(message: T, writer?: MessageSink): MessageSink;
  decode(bytes: Uint8Array): T;
  fromPartial(input: Input): T;
  /** Throws TypeError for wrong fields of a message, with their path. @default what was given is compared with what is received */
  checkFields?(input: unknown): void;
}

/** One method of ts-proto's generic definitions (`outputServices=generic-definitions`). */
export interface MethodDefinition {
  /** The name on the wire, for instance `Get`. */
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
  readonly options?: unknown;
}

/** A service of ts-proto's generic definitions; the keys of `methods` become the methods of client and service. */
export interface ServiceDefinition {
  readonly name: string;
  /** With the package, for instance `kv.v1.KV`. */
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** What ts-proto makes of `option idempotency_level` in the .proto. */
interface MethodOptions {
  readonly idempotencyLevel?: string;
}

const IDEMPOTENT: ReadonlySet<string | undefined> = new Set(['IDEMPOTENT', 'NO_SIDE_EFFECTS']);

/** Whether the .proto declares that a method may be called again, and a call has a single request. */
export function isIdempotent({ options, requestStream }: MethodDefinition): boolean {
  return !requestStream && IDEMPOTENT.has((options as MethodOptions | undefined)?.idempotencyLevel);
}
