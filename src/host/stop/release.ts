import { firstValueFrom, takeUntil } from 'rxjs';
import type { AttachedRunner, Exit } from '../../runners/runner.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import { settledWithin } from '../../streams/settled-within.js';
import type { PluginResources } from '../start/start-context.js';

/** How resources are released. */
export interface ReleaseOptions {
  /** Whether the plugin is killed; otherwise it lives on, and is no longer watched. */
  readonly kill: boolean;
  /** What calls in flight fail with. */
  readonly because?: Error | undefined;
}

/** How long a killed process may take to exit. */
const EXIT_TIMEOUT_MS = 5000;

/** Bound of each step: parts may be the application's own and may hang. No step of the default parts takes as long. */
const STEP_TIMEOUT_MS = 15_000;

/**
 * Releases what a start has acquired, in reverse order: the connection, the process with its children, the sockets. Goes on when a step
 * fails or hangs. Resolves with how the process ended, if there was one and it is known. Never rejects.
 */
export async function releaseAll(
  { sockets, runner, protocol }: Partial<PluginResources>,
  { kill, because }: ReleaseOptions,
): Promise<Exit | undefined> {
  await attempt(async () => protocol?.close(because));
  await attempt(async () => (kill ? runner?.kill() : runner?.release?.()));
  const exit = await exitWithin(kill ? EXIT_TIMEOUT_MS : 0, runner);
  if (sockets !== undefined) await attempt(() => sockets.endSweep());
  sockets?.remove();
  return exit;
}

/** How the process ended, unless it takes longer than `waitMs` or was never started. Never rejects. */
export function exitWithin(waitMs: number, runner: AttachedRunner | undefined): Promise<Exit | undefined> {
  if (runner === undefined || runner.id === '') return Promise.resolve(undefined);
  const exit$ = runner.exit$.pipe(takeUntil(loopTimer(waitMs)));
  return firstValueFrom(exit$, { defaultValue: undefined }).catch(() => undefined);
}

async function attempt(step: () => Promise<unknown>): Promise<void> {
  await settledWithin(STEP_TIMEOUT_MS, step());
}
