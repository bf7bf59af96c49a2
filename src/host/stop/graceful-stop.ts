import { defer, filter, firstValueFrom, map, race, takeUntil } from 'rxjs';
import type { ClientProtocol } from '../../protocols/protocol.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import type { PluginResources } from '../start/start-context.js';
import { exitWithin } from './release.js';

/**
 * How long a connection may outlive its process before it is closed from this end. The kernel ends it with the process; only a proxy
 * keeps it open.
 */
const LAST_READ_MS = 250;

/** By how much the deadline of the call exceeds the grace: it counts time in which this process was blocked, which the grace does not. */
const CALL_SLACK_MS = 60_000;

/**
 * Asks a running plugin to end, and gives it up to `graceMs` to answer and as long again to exit. Resolves with whether it
 * has exited. Never rejects.
 */
export async function gracefulStop({ protocol, runner }: PluginResources, graceMs: number): Promise<boolean> {
  const accepted = await requestShutdown(protocol, graceMs);
  const exit = await exitWithin(accepted ? graceMs : 0, runner);
  if (exit !== undefined) await readToEnd(protocol);
  return exit !== undefined;
}

/** False when the plugin could not be asked, refused, or used up its grace on the answer: then nothing is gained by waiting. */
function requestShutdown(protocol: ClientProtocol, graceMs: number): Promise<boolean> {
  const late$ = loopTimer(graceMs).pipe(map(() => false));
  const answer$ = defer(() => protocol.shutdown({ timeoutMs: graceMs + CALL_SLACK_MS }));
  return firstValueFrom(race(late$, answer$)).catch(() => false);
}

/** A plugin that ended well has answered its open calls before; what it sent is read up to the end of the connection. */
async function readToEnd({ connected$ }: ClientProtocol): Promise<void> {
  const ended$ = connected$?.pipe(
    filter((connected) => !connected),
    takeUntil(loopTimer(LAST_READ_MS)),
  );
  if (ended$ !== undefined) await firstValueFrom(ended$, { defaultValue: false }).catch(() => {});
}
