import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { plugins as kvPlugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { within } from '../support/defer.js';

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const program = fileURLToPath(new URL('../fixtures/plugins/serves-endpoint.js', import.meta.url));
const plugins = { kv: kvPlugins.kv };

/** A service that is a process of its own, and a host that has a call and a stream open there. */
async function scene(t: TestContext, open: 'slow' | 'never', ...args: readonly string[]) {
  const service = spawn(process.execPath, [program, 'localhost:0', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(service, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const [line] = (await once(service.stdout, 'data')) as [Buffer];
  const client = createClient({ endpoint: { address: line.toString().trim() }, plugins });
  t.after(async () => {
    await client.stop();
    service.kill('SIGKILL');
    await exit;
  });
  await client.start();
  const kv = await client.dispense('kv');
  const get = (key: string) => firstValueFrom(kv.get({ key }));
  const call = get(open).catch((error: unknown) => error);
  const stream = lastValueFrom(kv.watch({ prefix: '' }), { defaultValue: undefined }).catch((error: unknown) => error);
  // Those before it have begun by then.
  await get('k');
  const notServing$ = client.state$.pipe(filter((state) => state.status === 'running' && state.notServing === true));
  const notServing = () => bounded('NOT_SERVING', firstValueFrom(notServing$));
  return { service, exit, call, stream, get, notServing };
}

test('SIGTERM says NOT_SERVING while calls are taken, then answers the last and ends the streams', async (t) => {
  const { service, exit, call, stream, get, notServing } = await scene(t, 'slow', '4000');
  service.kill('SIGTERM');
  await notServing();
  await get('release');
  assert.equal(Buffer.from(((await bounded('the answer', call)) as { value: Uint8Array }).value).toString(), 'v');
  assert.match(String(await bounded('the end of the stream', stream)), /UNAVAILABLE: The server has ended/);
  assert.deepEqual(await bounded('the exit', exit), [0, null]);
});

test('a call that is not done within callGraceMs ends with UNAVAILABLE, as a stream does', async (t) => {
  const { service, exit, call, stream } = await scene(t, 'never', '0', '100');
  service.kill('SIGINT');
  for (const ended of [call, stream])
    assert.match(String(await bounded('the end', ended)), /UNAVAILABLE: The server has ended/);
  assert.deepEqual(await bounded('the exit', exit), [0, null]);
});

test('a second SIGTERM ends the process at once', async (t) => {
  const { service, exit, notServing } = await scene(t, 'never', '600000');
  service.kill('SIGTERM');
  await notServing();
  service.kill('SIGTERM');
  assert.deepEqual(await bounded('the exit', exit), [null, 'SIGTERM']);
});
