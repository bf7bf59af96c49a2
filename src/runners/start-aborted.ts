import { StartError } from '../errors.js';

/** The error of a start that was given up. */
export function startAborted(signal: AbortSignal, name: string): StartError {
  return new StartError('ERR_START_ABORTED', `The start of the plugin ${name} was given up.`, { cause: signal.reason });
}
