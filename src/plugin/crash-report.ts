import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

const STDERR_FD = 2;

/**
 * Writes an exception that ends this process in the form by which Go hosts recognise a crash: `panic: ` before the error, as Go's runtime
 * has it (go-plugin client.go logStderr). They then log the stack at error; Terraform prints it. Node's own report follows. Nothing is
 * written while somebody handles exceptions, because such a program lives on. Returns how to end it.
 */
export function reportCrashes(): () => void {
  const report = (error: unknown): void => {
    const isHandled = process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
    if (!isHandled) writeStderr(`panic: ${describe(error)}\n\n`);
  };
  process.on('uncaughtExceptionMonitor', report);
  return () => void process.off('uncaughtExceptionMonitor', report);
}

/** At once: the process ends with this turn. */
function writeStderr(text: string): void {
  try {
    writeSync(STDERR_FD, text);
  } catch {
    // The host does not read, or is gone.
  }
}

function describe(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'an exception that cannot be shown';
  }
}
