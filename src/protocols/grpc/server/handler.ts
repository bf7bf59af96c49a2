import { errorMessage, OptionsError } from '../../../errors.js';
import type { Logger } from '../../../wire/logs/logger.js';
import { requireService } from '../../contract-errors.js';
import type { DecodeMessage } from '../message/decode.js';
import { type ServiceMethod, serviceMethods } from '../message/service-methods.js';
import type { HandlersOf, MethodDefinition, ServiceDefinition } from '../shared/service-definition.js';
import type { ServerCall } from './call.js';
import { type CalledMethod, HandlerContext } from './context.js';
import type { ServiceLimits } from './grpc-server.js';
import { HandlerMistake } from './handler-mistake.js';
import { ownMethod } from './own-method.js';
import { sendResponses } from './response-sources.js';
import { sendResponse } from './single-response.js';

/** What the handlers of a service get from their server. */
export interface HandlerSettings extends ServiceLimits {
  readonly maxBufferedBytes: number;
  readonly logger: Logger;
}

type Handler = (request: unknown, call: HandlerContext) => unknown;

/** The methods of a service under the keys of its definition. Throws OptionsError for one that lacks some, and for a wrong definition. */
export function handlerMethods<D extends ServiceDefinition>(
  definition: D,
  service: HandlersOf<D>,
  settings: HandlerSettings,
): Map<string, HandlerMethod> {
  const known = serviceMethods(definition, settings.strictMessages);
  requireService(definition.fullName, service);
  const methods = new Map<string, HandlerMethod>();
  const missing: string[] = [];
  for (const method of known) {
    const handler = ownMethod(service, method.key);
    if (handler === undefined) missing.push(method.key);
    else methods.set(method.key, new HandlerMethod(method, handler as Handler, settings));
  }
  if (missing.length === 0) return methods;
  const inherited = missing.filter((key) => key in Object.prototype);
  const hint = inherited.length === 0 ? '' : ` What every object has does not count: ${inherited.join(', ')}.`;
  throw new OptionsError(
    `The implementation of ${definition.fullName} lacks ${missing.join(', ')}: every method needs a function.${hint}`,
  );
}

/**
 * A method with a handler of ours. Every failure of the handler ends the call with a status, never the process: what it throws is the status
 * that `toStatusObject` makes of it; a missing response, a second one where one is due, and a value that is no message are INTERNAL.
 */
export class HandlerMethod implements CalledMethod {
  readonly path: string;
  readonly definition: MethodDefinition;
  readonly maxBufferedBytes: number;
  readonly maxReceiveMessageBytes: number | undefined;
  readonly logger: Logger;
  readonly requestStream: boolean;
  readonly #method: ServiceMethod;
  readonly #handler: Handler;

  constructor(method: ServiceMethod, handler: Handler, settings: HandlerSettings) {
    const { path, definition } = method;
    this.path = path;
    this.definition = definition;
    this.#method = method;
    this.maxBufferedBytes = settings.maxBufferedBytes;
    this.maxReceiveMessageBytes = settings.maxReceiveMessageBytes;
    this.logger = settings.logger;
    this.requestStream = definition.requestStream;
    this.#handler = handler;
  }

  get decode(): DecodeMessage {
    return this.#method.decodeRequest;
  }

  start(call: ServerCall): void {
    new HandlerContext(call, this).start();
  }

  run(context: HandlerContext, request: unknown): void {
    try {
      const result = this.#handler(request, context);
      if (this.definition.responseStream) sendResponses(result, context);
      else sendResponse(result, context);
    } catch (thrown) {
      context.fail(thrown);
    }
  }

  encode(message: unknown): Uint8Array {
    return this.#attempt(message, (given) => this.#method.encodeResponse(given));
  }

  /** The message that a handler gave, in an object of its own with every field. Throws as `encode` does. */
  complete(message: unknown): unknown {
    return this.#attempt(message, (given) => this.#method.completeResponse(given));
  }

  #attempt<T>(message: unknown, work: (message: unknown) => T): T {
    if (typeof message !== 'object' || message === null) {
      throw notSendable(this.path, `it is ${message === null ? 'null' : typeof message}`);
    }
    try {
      return work(message);
    } catch (cause) {
      throw notSendable(this.path, errorMessage(cause), { cause });
    }
  }
}

function notSendable(path: string, reason: string, options?: { readonly cause: unknown }): HandlerMistake {
  return new HandlerMistake(`The handler of ${path} gave a response that cannot be sent: ${reason}.`, options);
}
