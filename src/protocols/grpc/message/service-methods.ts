import { type MethodDefinition, methodPath, type ServiceDefinition } from '../shared/service-definition.js';
import { checkDefinition } from '../shared/validate-definition.js';
import { type DecodeMessage, decoderOf } from './decode.js';
import { type AnyMessageType, encodeFramed } from './encode.js';
import { encodeStrict } from './encode-strict.js';

/** A method of a service, with what follows from its definition alone. */
export class ServiceMethod {
  /** Its name in JavaScript. */
  readonly key: string;
  readonly definition: MethodDefinition;
  readonly path: string;
  #decodeRequest: DecodeMessage | undefined;
  #decodeResponse: DecodeMessage | undefined;

  constructor(service: ServiceDefinition, key: string, definition: MethodDefinition) {
    this.key = key;
    this.definition = definition;
    this.path = methodPath(service, definition);
  }

  get decodeRequest(): DecodeMessage {
    this.#decodeRequest ??= decoderOf(this.definition.requestType as AnyMessageType);
    return this.#decodeRequest;
  }

  get decodeResponse(): DecodeMessage {
    this.#decodeResponse ??= decoderOf(this.definition.responseType as AnyMessageType);
    return this.#decodeResponse;
  }

  /** A request with its prefix, as `encodeFramed` makes it. Throws what the type's encoder throws. */
  encodeRequest(input: unknown): Uint8Array {
    return encodeFramed(this.definition.requestType as AnyMessageType, input);
  }

  /** A response likewise. */
  encodeResponse(input: unknown): Uint8Array {
    return encodeFramed(this.definition.responseType as AnyMessageType, input);
  }

  /** A response in an object of its own with every field. */
  completeResponse(input: unknown): unknown {
    return (this.definition.responseType as AnyMessageType).fromPartial(input);
  }
}

/** A method that refuses messages with wrong fields (`strictMessages`). */
class StrictServiceMethod extends ServiceMethod {
  override encodeRequest(input: unknown): Uint8Array {
    return encodeStrict(this.definition.requestType as AnyMessageType, input);
  }

  override encodeResponse(input: unknown): Uint8Array {
    return encodeStrict(this.definition.responseType as AnyMessageType, input);
  }

  override completeResponse(input: unknown): unknown {
    this.encodeResponse(input);
    return super.completeResponse(input);
  }
}

/** By definition: a broker serves and calls the same few services again and again, and to check one takes longer than such a call. */
const known = new WeakMap<ServiceDefinition, readonly ServiceMethod[]>();

/** The methods of a service; a definition is not expected to change. Throws OptionsError for what is none. */
export function serviceMethods(definition: ServiceDefinition, strict = false): readonly ServiceMethod[] {
  if (strict) return methodsOf(definition, StrictServiceMethod);
  const found = known.get(definition);
  if (found !== undefined) return found;
  const methods = methodsOf(definition, ServiceMethod);
  known.set(definition, methods);
  return methods;
}

function methodsOf(definition: ServiceDefinition, Method: typeof ServiceMethod): readonly ServiceMethod[] {
  checkDefinition(definition);
  return Object.entries(definition.methods).map(([key, method]) => new Method(definition, key, method));
}
