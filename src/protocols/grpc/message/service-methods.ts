import { type MethodDefinition, methodPath, type ServiceDefinition } from '../shared/service-definition.js';
import { checkDefinition } from '../shared/validate-definition.js';
import { type DecodeMessage, decoderOf } from './decode.js';
import type { AnyMessageType } from './encode.js';

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
}

/** By definition: a broker serves and calls the same few services again and again, and to check one takes longer than such a call. */
const known = new WeakMap<ServiceDefinition, readonly ServiceMethod[]>();

/** The methods of a service; a definition is not expected to change. Throws OptionsError for what is none. */
export function serviceMethods(definition: ServiceDefinition): readonly ServiceMethod[] {
  const found = known.get(definition);
  if (found !== undefined) return found;
  checkDefinition(definition);
  const methods = Object.entries(definition.methods).map(([key, method]) => new ServiceMethod(definition, key, method));
  known.set(definition, methods);
  return methods;
}
