import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds, in bytes. */
export interface Memory {
  /** Objects, and buffers outside the heap. */
  readonly heap: number;
  readonly rss: number;
}

/** Collects garbage first. */
export function memoryAfterGc(): Memory {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
