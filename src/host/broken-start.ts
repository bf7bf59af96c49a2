import { firstValueFrom, fromEvent, takeUntil, timer } from 'rxjs';
import { PluginError } from '../errors.js';

/** How long after a broken connection the end of the process may be noticed. */
const SETTLE_MS = 1000;

const BROKEN: ReadonlySet<string> = new Set(['ERR_DIAL', 'ERR_CONNECTION_LOST']);

/**
 * The error to report when a plugin could not be connected to. A broken connection is mostly the first sign of a death: if the signal
 * is aborted soon after, its reason tells more. Never rejects.
 */
export async function explainBroken(error: unknown, signal: AbortSignal): Promise<unknown> {
  if (!PluginError.is(error) || !BROKEN.has(error.code)) return error;
  if (!signal.aborted) {
    const settled$ = timer(SETTLE_MS).pipe(takeUntil(fromEvent(signal, 'abort')));
    await firstValueFrom(settled$, { defaultValue: undefined });
  }
  return signal.aborted ? signal.reason : error;
}
