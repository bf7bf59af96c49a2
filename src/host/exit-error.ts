import { ClosedError, StartError } from '../errors.js';
import type { Exit } from '../streams/lifecycle.js';

/** The plugin did not come to run in time. */
export function startTimeout(startTimeoutMs: number): StartError {
  return new StartError(
    'ERR_START_TIMEOUT',
    `The plugin was not ready within ${startTimeoutMs} ms. Check that the command is a plugin, or raise \`startTimeoutMs\`.`,
  );
}

/** The plugin ended while it was being connected to. */
export function exitedEarly(exit: Exit): StartError {
  const message = `The plugin exited ${describe(exit)} before the host could connect. Its last words are in details.stderr.`;
  return new StartError('ERR_EXITED_EARLY', message, { details: { exitCode: exit.code, signal: exit.signal } });
}

/** The plugin ended while it was running, and nobody had asked it to. */
export function exitedUnasked(exit: Exit, stderr: readonly string[]): ClosedError {
  const message = `The plugin exited ${describe(exit)} and nobody had asked it to. Its last words are in details.stderr.`;
  return new ClosedError('ERR_PLUGIN_EXITED', message, {
    details: { exitCode: exit.code, signal: exit.signal, stderr },
  });
}

function describe({ code, signal }: Exit): string {
  if (signal !== null) return `by ${signal}`;
  return code === null ? 'in an unknown way' : `with code ${code}`;
}
