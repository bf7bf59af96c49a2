import type { CliContext } from '../context.js';
import { ExitCode, failureOf } from '../failure.js';
import { print } from '../output.js';
import { onlyOf, requireLock, type StoreFlags, storeOf } from '../store-flags.js';

/** `rxplug plugin verify [NAME...]` */
export async function verify(this: CliContext, flags: StoreFlags, ...names: string[]): Promise<void> {
  requireLock(this, flags);
  const verified = (await storeOf(this, flags).verify(onlyOf(names))).map(({ error, ...plugin }) => ({
    ...plugin,
    ...(error !== undefined && { error: failureOf(error).message }),
  }));
  print(
    this,
    flags,
    verified,
    verified.map(({ key, version, error }) => `${key}${version === '' ? '' : ` ${version}`}: ${error ?? 'good'}`),
  );
  if (verified.some(({ error }) => error !== undefined)) this.process.exitCode = ExitCode.bad;
}
