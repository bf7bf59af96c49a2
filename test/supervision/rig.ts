import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { filter, firstValueFrom, map, type Observable } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { type ClientOf, grpcPlugin } from '../../src/index.js';
import {
  type SupervisedOptions,
  type SupervisedPlugin,
  type SupervisorEvent,
  type SupervisorState,
  supervise,
} from '../../src/supervise.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';

export const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
export const plugins = { kv: grpcPlugin(KVDefinition) };
export type Plugins = typeof plugins;
export type Kv = ClientOf<typeof KVDefinition>;
export type Supervision = NonNullable<SupervisedOptions<Plugins>['supervision']>;

/** A supervised plugin, and files that it shares with the test. */
export interface Rig extends AsyncDisposable {
  readonly plugin: SupervisedPlugin<Plugins>;
  readonly kv: Kv;
  readonly directory: string;
  /** The keys that were put, as the plugins have recorded them. */
  recorded(): string[];
  /** What `get` answers. */
  ask(key: string): Promise<string>;
  kill(signal?: NodeJS.Signals): void;
}

export interface RigOptions {
  readonly behaviour?: object;
  readonly client?: object;
}

/** Everything in these tests happens by then, or never. */
export const soon = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);

export async function rig(
  supervision: Supervision = {},
  { behaviour = {}, client = {} }: RigOptions = {},
): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 's-'));
  const record = join(directory, 'record');
  writeFileSync(record, '');
  const names = Object.entries(behaviour).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? resolve(directory, value) : value,
  ]);
  const json = JSON.stringify(Object.fromEntries(names));
  const command = fixture('supervised', record, json);
  // A machine that does much else starts a plugin in many seconds.
  const patient = { whenDown: { limitMs: 120_000 }, ...supervision };
  const plugin = supervise({
    command,
    handshake,
    plugins,
    supervision: patient,
    ...client,
  } as SupervisedOptions<Plugins>);
  const kv = await plugin.dispense('kv');
  const decoder = new TextDecoder();
  return {
    plugin,
    kv,
    directory,
    recorded: () => readFileSync(record, 'utf8').split('\n').slice(0, -1),
    ask: async (key) => decoder.decode((await firstValueFrom(kv.get({ key }))).value),
    kill: (signal = 'SIGKILL') => void process.kill(Number(plugin.id), signal),
    async [Symbol.asyncDispose]() {
      await plugin.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

type StateOf<S> = Extract<SupervisorState, { readonly status: S }>;

/** The next state of this kind; `from` counts generations. */
export function reaches<S extends SupervisorState['status']>(
  { state$ }: { readonly state$: Observable<SupervisorState> },
  status: S,
  from = 0,
): Promise<StateOf<S>> {
  const found$ = state$.pipe(
    filter((state): state is StateOf<S> => state.status === status),
    filter((state) => !('generation' in state) || state.generation >= from),
  );
  return soon(`the state ${status}`, firstValueFrom(found$));
}

/** The next event of this kind. */
export function happens<T extends SupervisorEvent['type']>(
  { events$ }: { readonly events$: Observable<SupervisorEvent> },
  type: T,
): Promise<Extract<SupervisorEvent, { readonly type: T }>> {
  const found$ = events$.pipe(
    filter((event) => event.type === type),
    map((event) => event as Extract<SupervisorEvent, { readonly type: T }>),
  );
  return soon(`the event ${type}`, firstValueFrom(found$));
}

/** The state of a plugin of which one process serves. */
export const serving = (generation: number): SupervisorState => ({
  status: 'ready',
  generation,
  members: [{ status: 'serving', generation }],
});

/** Calls without a pause, 20 at once, until it is told to end. Resolves with the failures. */
async function load({ kv }: Pick<Rig, 'kv'>, isOver: () => boolean): Promise<unknown[]> {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (!isOver())
      await firstValueFrom(kv.put({ key: `k${next++}`, value: new Uint8Array(8) })).catch((error: unknown) =>
        failures.push(error),
      );
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  return failures;
}

/** What happens under load: no call fails. */
export async function underLoad(bed: Pick<Rig, 'kv'>, change: () => Promise<void>): Promise<void> {
  let isOver = false;
  const loading = load(bed, () => isOver);
  try {
    await change();
  } finally {
    isOver = true;
  }
  assert.deepEqual(await soon('the end of the calls', loading), []);
}
