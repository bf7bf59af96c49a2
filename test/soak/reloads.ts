import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BehaviorSubject, filter, firstValueFrom, type Observable, scan } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { type SupervisedPlugin, supervise } from '../../src/supervise.js';
import { type Memory, memoryAfterGc } from './memory.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];

/** What the host has open, and holds. */
export interface Open {
  readonly descriptors: number;
  /** Timers, sockets, processes: by Node's names. */
  readonly resources: number;
  readonly memory: Memory;
}

export interface Reloads {
  /** After a tenth of the reloads. */
  readonly before: Open;
  readonly after: Open;
  /** Calls that succeeded meanwhile; one that fails ends the run. */
  readonly calls: number;
  readonly seconds: number;
}

/** Reloads a supervised plugin so often, one reload after the other, while calls run. Rejects when one fails. */
export async function reloads(count: number): Promise<Reloads> {
  await using plugin = supervise({ command, handshake, plugins, supervision: { whenDown: { limitMs: 120_000 } } });
  const live$ = liveOf(plugin);
  await plugin.ready();
  const kv = await plugin.dispense('kv');
  let isOver = false;
  let calls = 0;
  const calling = (async () => {
    for (; !isOver; calls++) await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(100) }));
  })();
  const begin = performance.now();
  let before = await open(live$);
  for (let done = 1; done <= count; done++) {
    await plugin.reload();
    if (done === Math.ceil(count / 10)) before = await open(live$);
  }
  const after = await open(live$);
  const seconds = (performance.now() - begin) / 1000;
  isOver = true;
  await calling;
  return { before, after, calls, seconds };
}

/** When nothing is left but the generation that serves. */
async function open(live$: Observable<number>): Promise<Open> {
  await firstValueFrom(live$.pipe(filter((live) => live === 1)));
  return {
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    resources: process.getActiveResourcesInfo().length,
    memory: memoryAfterGc(),
  };
}

/** How many generations there are; replays the latest. */
function liveOf({ events$ }: SupervisedPlugin<typeof plugins>): Observable<number> {
  const live = new BehaviorSubject(0);
  const change: Partial<Record<string, number>> = { started: 1, ended: -1 };
  events$.pipe(scan((count, { type }) => count + (change[type] ?? 0), 0)).subscribe(live);
  return live;
}
