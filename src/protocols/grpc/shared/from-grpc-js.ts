import { OptionsError } from '../../../errors.js';
import type { MessageType, MethodDefinition, ServiceDefinition } from './method-definition.js';
import { compareReceived } from './received-fields.js';

/** A method of a definition for grpc-js. */
export interface GrpcJsMethod {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
  /** proto-loader describes the messages. */
  readonly requestType?: unknown;
  readonly responseType?: unknown;
}

/** A service definition for grpc-js: of ts-proto's `outputServices=grpc-js`, of grpc-tools, or of proto-loader. */
export type GrpcJsDefinition = Readonly<Record<string, GrpcJsMethod>>;

/** The methods that the type names. That of proto-loader has an index signature beside them. */
type Named<D> = { [K in keyof D as string extends K ? never : number extends K ? never : K]: D[K] };
type Methods<D> = keyof Named<D> extends never ? D : Named<D>;

type Codec<Given, Received> = Given extends (value: infer Input) => unknown
  ? Received extends (bytes: Buffer) => infer Message
    ? MessageType<Message, Input>
    : never
  : never;

interface FromMethod<M extends GrpcJsMethod> extends MethodDefinition {
  readonly requestType: Codec<M['requestSerialize'], M['requestDeserialize']>;
  readonly requestStream: M['requestStream'];
  readonly responseType: Codec<M['responseSerialize'], M['responseDeserialize']>;
  readonly responseStream: M['responseStream'];
}

/** The definition that `fromGrpcJs` makes: the same methods under the same keys. */
export interface FromGrpcJs<D> extends ServiceDefinition {
  readonly methods: {
    readonly [K in keyof Methods<D>]: Methods<D>[K] extends GrpcJsMethod ? FromMethod<Methods<D>[K]> : never;
  };
}

/**
 * The definition of a service that was written for grpc-js, with messages as its serializers take and give them. Throws OptionsError
 * for what is not such a definition.
 *
 * @example
 * ```ts
 * const { kv } = loadPackageDefinition(await load('kv.proto')) as unknown as ProtoGrpcType;
 * const plugins = { kv: grpcPlugin(fromGrpcJs(kv.v1.KV.service)) };
 * ```
 */
export function fromGrpcJs<D extends { readonly [K in keyof D]: GrpcJsMethod }>(definition: D): FromGrpcJs<D> {
  const methods = Object.entries(Object(definition) as GrpcJsDefinition);
  const [fullName, ...others] = new Set(methods.map(([key, method]) => serviceOf(key, method)));
  if (fullName === undefined || others.length > 0) {
    throw new OptionsError(
      `Expected a definition for grpc-js with the methods of one service, got those of ${methods.length === 0 ? 'none' : [fullName, ...others].join(', ')}.`,
    );
  }
  const made: ServiceDefinition = {
    name: fullName.slice(fullName.lastIndexOf('.') + 1),
    fullName,
    methods: Object.fromEntries(methods.map(([key, method]) => [key, definitionOf(method)])),
  };
  // The type describes the same keys and kinds.
  return made as unknown as FromGrpcJs<D>;
}

function definitionOf(method: GrpcJsMethod): MethodDefinition {
  return {
    name: method.path.slice(method.path.lastIndexOf('/') + 1),
    requestType: codec(method.requestSerialize, method.requestDeserialize, method.requestType),
    requestStream: method.requestStream,
    responseType: codec(method.responseSerialize, method.responseDeserialize, method.responseType),
    responseStream: method.responseStream,
  };
}

function codec(
  serialize: GrpcJsMethod['requestSerialize'],
  deserialize: GrpcJsMethod['requestDeserialize'],
  type: unknown,
): MessageType {
  return {
    encode: (message: never) => ({ finish: () => serialize(message) }),
    // What was generated for grpc-js may use what a Buffer has.
    decode: (bytes) => deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    // The serializer completes the message.
    fromPartial: (input: never) => input,
    checkFields: (input) =>
      compareReceived(input, deserialize(serialize(input as never)), { values: false, names: namesOf(type) }),
  };
}

/** The fields of a message as proto-loader describes it; undefined where it was generated. */
function namesOf(type: unknown): readonly string[] | undefined {
  const { type: descriptor } = Object(type) as { readonly type?: unknown };
  const { field, oneofDecl } = Object(descriptor) as { readonly [list: string]: unknown };
  if (!Array.isArray(field) || !Array.isArray(oneofDecl)) return undefined;
  return [...field, ...oneofDecl].map(({ name }: { readonly name: string }) => name);
}

const PARTS = ['requestSerialize', 'requestDeserialize', 'responseSerialize', 'responseDeserialize'] as const;

/** The name of the service in a method's path. */
function serviceOf(key: string, method: Partial<GrpcJsMethod>): string {
  const [, fullName] = /^\/([^/]+)\/[^/]+$/.exec(String(Object(method).path)) ?? [];
  const complete = PARTS.every((part) => typeof Object(method)[part] === 'function');
  if (fullName !== undefined && complete) return fullName;
  throw new OptionsError(
    `Expected a definition for grpc-js, as \`Client.service\` is; its \`${key}\` has no path with its serializers and deserializers.`,
  );
}
