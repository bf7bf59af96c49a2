import { markOf } from './mark.js';
import { type ProcessEntry, readProcessTable } from './table.js';

/** All processes at a moment, but zombies, with their marks. */
export class ProcessSnapshot {
  readonly entries: readonly ProcessEntry[];
  readonly #marks = new Map<number, string | undefined>();

  constructor(entries: readonly ProcessEntry[]) {
    this.entries = entries;
  }

  /** Read when it is asked for, once. */
  markOf(pid: number): string | undefined {
    if (!this.#marks.has(pid)) this.#marks.set(pid, markOf(pid));
    return this.#marks.get(pid);
  }
}

/** The reading that goes on, and the one that begins after it. Each serves all that asked before it began: many plugins end at once. */
let reading: Promise<unknown> = Promise.resolve();
let next: Promise<ProcessSnapshot> | undefined;

/** A snapshot that was begun after the call. Never rejects. */
export function takeSnapshot(): Promise<ProcessSnapshot> {
  if (next === undefined) {
    next = reading.then(async () => {
      next = undefined;
      return new ProcessSnapshot(await readProcessTable());
    });
    reading = next;
  }
  return next;
}
