import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { filter, firstValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, type PluginClient, PluginError, type PluginState } from '../../src/index.js';
import { type FixtureName, fixture } from '../fixtures/fixture.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

export { plugins };

export type Client = PluginClient<typeof plugins>;

export const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

/** Everything in these tests ends by then, or never. */
export const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(60_000, what, promise);

export const hasCode =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    PluginError.is(error) && codes.includes(error.code);

/** Remembers what there is, and returns a function that asserts that nothing has been added: file, process, handle, descriptor, listener. */
export function watchEverything(): (...pids: readonly number[]) => Promise<void> {
  const assertTempDirEmpty = ownTempDir();
  const assertNothingActive = watchResources();
  const before = counts();
  return async (...pids) => {
    for (const pid of pids) await awaitGone(pid);
    await assertNothingActive();
    assertTempDirEmpty();
    const added = Object.entries(counts()).filter(([what, count]) => count > (before[what] ?? 0));
    assert.deepEqual(added, [], 'more than before');
  };
}

/** Descriptors and process-wide listeners, which nothing in the event loop tells of. */
function counts(): Readonly<Record<string, number>> {
  const listeners = process.eventNames().map((name) => [`listeners of ${String(name)}`, process.listenerCount(name)]);
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { ...(Object.fromEntries(listeners) as Record<string, number>), descriptors };
}

/** A client of a fixture plugin. */
export function clientOf(name: FixtureName, args: readonly string[] = [], more: Partial<ClientOptions> = {}): Client {
  return createClient({ command: fixture(name, ...args), handshake, plugins, ...more } as ClientOptions<
    typeof plugins
  >);
}

export const serving = (behaviour: object): [FixtureName, string[]] => ['serves', [JSON.stringify(behaviour)]];

/** The name of a state with its phase: `starting/connecting`. */
export function nameOf(state: PluginState): string {
  return state.status === 'starting' ? `starting/${state.phase}` : state.status;
}

/** Resolves as soon as the client is in a state. */
export async function reaches(client: Client, name: string): Promise<void> {
  await bounded(`the state ${name}`, firstValueFrom(client.state$.pipe(filter((state) => nameOf(state) === name))));
}

/** The last state of a client: how it ended, and why. */
export async function endOf(client: Client): Promise<Extract<PluginState, { status: 'exited' }>> {
  const state = await bounded(
    'the end',
    firstValueFrom(client.state$.pipe(filter(({ status }) => status === 'exited'))),
  );
  assert.ok(state.status === 'exited');
  return state;
}
