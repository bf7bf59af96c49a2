import { inspect } from 'node:util';
import { asText, type Logger } from '../wire/logs/logger.js';

/** What is logged besides the failure itself. */
export interface HandlerFailure {
  /** The method as it is called on the wire. */
  readonly method: string;
  /** The numeric `code` of an error that means nothing to gRPC. */
  readonly code?: number | undefined;
}

/**
 * Logs what a handler threw that is not meant as an answer. The caller gets the message alone; the stack helps the author of the plugin.
 */
export function logHandlerFailure(
  logger: Logger,
  { method, code }: HandlerFailure,
  thrown: unknown,
  level: 'error' | 'debug' = 'error',
): void {
  const foreign = code === undefined ? '' : ` (its code ${code} is not a gRPC status, so the caller gets UNKNOWN)`;
  const fields = { method, ...(code === undefined ? {} : { code }), stack: stackOf(thrown) };
  logger[level](`the handler of ${method} failed: ${asText(thrown)}${foreign}`, fields);
}

/** The stack, with those of the causes and the other properties of the error. Never throws. */
function stackOf(thrown: unknown): string {
  try {
    return inspect(thrown);
  } catch {
    return asText(thrown);
  }
}
