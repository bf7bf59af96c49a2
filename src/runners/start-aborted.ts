import { PluginError, StartError } from '../errors.js';

/** The error of an aborted start: that of the time that is over, or one that names the plugin. */
export function startAborted({ reason }: AbortSignal, name: string): PluginError {
  if (PluginError.is(reason) && reason.code === 'ERR_START_TIMEOUT') return reason;
  return new StartError('ERR_START_ABORTED', `The start of the plugin ${name} was aborted.`, { cause: reason });
}
