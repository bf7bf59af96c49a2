import { OptionsError } from '../../../errors.js';
import type { ServiceDefinition } from './method-definition.js';
import { isProtobufEsService } from './protobuf-es.js';

const TAKEN =
  'Expected a service definition: what ts-proto generates with `outputServices=generic-definitions`, a service of protoc-gen-es 2, or what ' +
  '`fromGrpcJs` (rxplug/grpc) makes of a definition for grpc-js or of proto-loader.';

/** Throws OptionsError, which says what is taken, for what is not a definition in the form of ts-proto. */
export function checkDefinition(of: unknown): asserts of is ServiceDefinition {
  const { fullName, methods } = Object(of) as Partial<Record<keyof ServiceDefinition, unknown>>;
  if (typeof fullName !== 'string' || typeof methods !== 'object' || methods === null || Array.isArray(methods)) {
    throw new OptionsError(`${TAKEN} ${hintFor(of)}`);
  }
  for (const [key, method] of Object.entries(methods)) checkMethod(`${fullName}.${key}`, method);
}

/** Throws OptionsError for a method under the key `then`: it would make the client a thenable, which `await` would wait for forever. */
export function refuseThenable(definition: ServiceDefinition): void {
  const { fullName, methods } = definition;
  if (!Object.hasOwn(methods, 'then')) return;
  throw new OptionsError(
    `The service ${fullName} has a method with the key \`then\`, with which JavaScript takes its client for a Promise. Give the method ` +
      'another key: `{ ...definition, methods: { call: definition.methods.then } }`. Its name on the wire stays as it is.',
  );
}

const CODEC = ['encode', 'decode', 'fromPartial'] as const;

function checkMethod(name: string, method: unknown): void {
  const of = Object(method) as Partial<Record<string, unknown>>;
  for (const side of ['requestType', 'responseType'] as const) {
    const type = Object(of[side]) as Partial<Record<string, unknown>>;
    const missing = CODEC.find((part) => typeof type[part] !== 'function');
    if (missing === undefined) continue;
    throw new OptionsError(
      `${TAKEN} The \`${side}\` of ${name} has no function \`${missing}\`: leave ts-proto's options \`outputEncodeMethods\` and ` +
        '`outputPartialMethods` as they are by default.',
    );
  }
}

/** What may have been meant. */
function hintFor(of: unknown): string {
  if (isProtobufEsService(of)) return 'For this function pass `await fromProtobufEs(service)` (rxplug/grpc).';
  const members = Object(of) as Partial<Record<string, unknown>>;
  if (typeof of === 'function' && isGrpcJsDefinition(members['service'])) {
    return 'Got a client class of grpc-js: pass `fromGrpcJs(Client.service)`.';
  }
  if (isGrpcJsDefinition(of)) return 'Got a definition of grpc-js: pass `fromGrpcJs(definition)`.';
  if (typeof members['typeName'] === 'string') return 'Got code of protoc-gen-es 1: generate it with version 2.';
  return `Got ${of === null ? 'null' : typeof of}.`;
}

function isGrpcJsDefinition(value: unknown): boolean {
  const [first] = Object.values(Object(value) as object) as unknown[];
  return typeof first === 'object' && first !== null && 'path' in first && 'requestSerialize' in first;
}
