import { StartError } from '../errors.js';

/** The error of an aborted start. */
export function startAborted(signal: AbortSignal, name: string): StartError {
  return new StartError('ERR_START_ABORTED', `The start of the plugin ${name} was aborted.`, { cause: signal.reason });
}
