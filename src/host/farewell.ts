import { defer, filter, firstValueFrom, map, race, timeout, timer } from 'rxjs';
import type { ClientProtocol } from '../protocols/protocol.js';

/** The connection of a process that is gone ends at once; only somebody in between could keep it open. */
const LAST_ANSWERS_MS = 250;

/**
 * Asks a plugin to end. False when there is nothing to wait for: it could not be asked, has refused, or has spent its grace on the
 * answer.
 */
export function askToEnd(protocol: ClientProtocol | undefined, graceMs: number): Promise<boolean> {
  const spent$ = timer(graceMs).pipe(map(() => false));
  const asked$ = defer(async () => (await protocol?.shutdown({ timeoutMs: graceMs })) ?? false);
  return firstValueFrom(race(spent$, asked$)).catch(() => false);
}

/** A plugin that has ended well has answered before: waits until what it said has been read, to the end of its connection. */
export async function readLastAnswers(protocol: ClientProtocol | undefined): Promise<void> {
  const ended$ = protocol?.connected$?.pipe(
    filter((connected) => !connected),
    timeout(LAST_ANSWERS_MS),
  );
  if (ended$ !== undefined) await firstValueFrom(ended$, { defaultValue: false }).catch(() => {});
}
