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

/** As it is when this module is loaded: fake timers of a test must not stop the end of a plugin. */
const { setTimeout } = globalThis;

/** How long after a reading the next one begins, in milliseconds: for each that had asked for it, and at most. So many share one. */
const PAUSE_MS = 8;
const MAX_PAUSE_MS = 50;

/** The reading that goes on, and the one that begins after it. Each serves all that asked before it began: many plugins end at once. */
let reading: Promise<unknown> = Promise.resolve();
let next: Promise<ProcessSnapshot> | undefined;
let askers = 0;
let notBefore = 0;

/** A snapshot that was begun after the call, at most 50 ms after what was asked for before. Never rejects. */
export function takeSnapshot(): Promise<ProcessSnapshot> {
  askers += 1;
  if (next === undefined) {
    next = readAfter(reading);
    reading = next;
  }
  return next;
}

async function readAfter(earlier: Promise<unknown>): Promise<ProcessSnapshot> {
  await earlier;
  const waitMs = notBefore - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  const pauseMs = Math.min(MAX_PAUSE_MS, askers * PAUSE_MS);
  next = undefined;
  askers = 0;
  const entries = await readProcessTable();
  notBefore = performance.now() + pauseMs;
  return new ProcessSnapshot(entries);
}
