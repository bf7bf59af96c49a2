import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';

import type commonJs = require('@bufbuild/protobuf');

import type { MessageType, MethodDefinition, ServiceDefinition } from './method-definition.js';
import { checkProtobufEs } from './protobuf-es-fields.js';

/** A method of a service that protoc-gen-es has generated. */
export interface ProtobufEsMethod {
  readonly kind: 'rpc';
  /** The name on the wire, for instance `Get`. */
  readonly name: string;
  readonly methodKind: 'unary' | 'server_streaming' | 'client_streaming' | 'bidi_streaming';
  readonly input: DescMessage;
  readonly output: DescMessage;
  /** `option idempotency_level` of the .proto: 1 is NO_SIDE_EFFECTS, 2 is IDEMPOTENT. */
  readonly idempotency?: number;
}

/** A service that protoc-gen-es 2 has generated: a `GenService` of `@bufbuild/protobuf`. */
export interface ProtobufEsService {
  readonly kind: 'service';
  /** The name without the package. */
  readonly name: string;
  /** With the package, for instance `kv.v1.KV`. */
  readonly typeName: string;
  readonly method: Readonly<Record<string, ProtobufEsMethod>>;
}

/**
 * The generated code of a CommonJS project has the CommonJS declarations of `@bufbuild/protobuf`, whose classes are distinct types. Those of
 * ES modules know nothing of such a message but that it is one.
 */
type FromMessage<Desc extends DescMessage> = string extends MessageShape<Desc>['$typeName']
  ? MessageType<commonJs.MessageShape<Desc>, commonJs.MessageInitShape<Desc>>
  : MessageType<MessageShape<Desc>, MessageInitShape<Desc>>;

interface FromMethod<M extends ProtobufEsMethod> extends MethodDefinition {
  readonly requestType: FromMessage<M['input']>;
  readonly requestStream: M['methodKind'] extends 'client_streaming' | 'bidi_streaming' ? true : false;
  readonly responseType: FromMessage<M['output']>;
  readonly responseStream: M['methodKind'] extends 'server_streaming' | 'bidi_streaming' ? true : false;
}

/** The definition that `fromProtobufEs` makes of a service. */
export interface FromProtobufEs<S extends ProtobufEsService> extends ServiceDefinition {
  readonly methods: { readonly [K in keyof S['method']]: FromMethod<S['method'][K]> };
}

const IDEMPOTENCY_LEVELS = ['IDEMPOTENCY_UNKNOWN', 'NO_SIDE_EFFECTS', 'IDEMPOTENT'];

/** Whether a value is a service of protoc-gen-es 2. */
export function isProtobufEsService(value: unknown): value is ProtobufEsService {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service' && 'method' in value
  );
}

/**
 * The definition of a service that protoc-gen-es has generated. `grpcPlugin` and `@PluginService` take such a service itself; this is for
 * `createGrpcClient`, servers and brokers. It is a Promise, because `@bufbuild/protobuf` is loaded when it is needed first.
 *
 * @example
 * ```ts
 * import { KV } from './gen/kv_pb.js';
 * const kv = createGrpcClient(channel, await fromProtobufEs(KV));
 * ```
 */
export async function fromProtobufEs<S extends ProtobufEsService>(service: S): Promise<FromProtobufEs<S>> {
  const { create, fromBinary, toBinary } = await loadProtobufEs();
  const typeOf = (schema: DescMessage): MessageType => ({
    encode: (message: never) => ({ finish: () => toBinary(schema, message) }),
    decode: (bytes) => fromBinary(schema, bytes),
    fromPartial: (input: never) => create(schema, input),
    checkFields: (input) => checkProtobufEs(schema, input),
  });
  const methods = Object.entries(service.method).map(([key, { name, methodKind, input, output, idempotency = 0 }]) => {
    const method: MethodDefinition = {
      name,
      requestType: typeOf(input),
      requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
      responseType: typeOf(output),
      responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
      options: { idempotencyLevel: IDEMPOTENCY_LEVELS[idempotency] },
    };
    return [key, method] as const;
  });
  const definition = { name: service.name, fullName: service.typeName, methods: Object.fromEntries(methods) };
  // The type describes the same keys and kinds.
  return definition as unknown as FromProtobufEs<S>;
}

/**
 * The second module is that of generated code, which has loaded it. It is named for esbuild, which in a single file does not run a module
 * before the file that uses it, when only its target is imported by `import()` and not the index that passes it on.
 */
async function loadProtobufEs(): Promise<typeof import('@bufbuild/protobuf')> {
  const [runtime] = await Promise.all([import('@bufbuild/protobuf'), import('@bufbuild/protobuf/codegenv2')]);
  return runtime;
}
