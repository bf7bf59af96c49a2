import { TimeoutError } from 'rxjs';
import { PluginError, RemoteError } from 'rxplug';
import { GrpcError, status as Status } from 'rxplug/grpc';
import { visible } from '../terminal/visible.js';
import { CommandFailure, ExitCode, UsageError } from './exit-code.js';

const TIMEOUTS: ReadonlySet<string> = new Set(['ERR_START_TIMEOUT', 'ERR_DIAL_TIMEOUT', 'ERR_TIMEOUT']);

/** The flags for the options that messages of the library name. */
const FLAGS: readonly (readonly [option: RegExp, flag: string])[] = [
  [/`startTimeoutMs`/g, '--timeout'],
  [/turn `autoMtls` off/g, 'give --tls off'],
  [/`autoMtls` is on/g, 'AutoMTLS is asked for'],
];

/** A command whose errors say how the process ends. */
export function reporting<This, Args extends unknown[]>(
  command: (this: This, ...args: Args) => Promise<void>,
): (this: This, ...args: Args) => Promise<void> {
  return async function (...args) {
    try {
      await command.apply(this, args);
    } catch (error) {
      throw failureOf(error);
    }
  };
}

function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof UsageError) return new CommandFailure(ExitCode.usage, visible(error.message));
  if (GrpcError.is(error)) return statusFailure(error);
  if (error instanceof TimeoutError) return new CommandFailure(ExitCode.timeout, 'The plugin did not answer in time.');
  // Over net/rpc an error is a text.
  if (error instanceof RemoteError) return new CommandFailure(ExitCode.bad, `error: ${visible(error.message)}`);
  if (!PluginError.is(error)) return new CommandFailure(ExitCode.bad, visible(String(error)));
  const exitCode = TIMEOUTS.has(error.code) ? ExitCode.timeout : ExitCode.start;
  return new CommandFailure(exitCode, visible(`${error.code}: ${inFlags(error.message)}`));
}

function inFlags(message: string): string {
  return FLAGS.reduce((text, [option, flag]) => text.replaceAll(option, flag), message);
}

/** `status NOT_FOUND (5): no such key`. */
export function statusFailure({ status, statusName, detail }: GrpcError): CommandFailure {
  const text = `status ${statusName} (${status})${detail === '' ? '' : `: ${visible(detail)}`}`;
  return new CommandFailure(status === Status.DEADLINE_EXCEEDED ? ExitCode.timeout : ExitCode.bad, text);
}
