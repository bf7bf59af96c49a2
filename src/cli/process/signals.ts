import { constants } from 'node:os';
import { fromEvent, map, merge, type Observable } from 'rxjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type Signal = (typeof SIGNALS)[number];

/** The signals that end the command. While it is subscribed to they have no other effect. */
export const signal$: Observable<Signal> = merge(
  ...SIGNALS.map((signal) => fromEvent(process, signal).pipe(map(() => signal))),
);

/** Ends this process by a signal, as its parent can see: a shell tells 130 for SIGINT and 143 for SIGTERM. */
export function endBy(signal: Signal): void {
  process.kill(process.pid, signal);
}

/** The exit code that a shell tells for a signal. */
export function exitCodeOf(signal: Signal): number {
  return 128 + constants.signals[signal];
}
