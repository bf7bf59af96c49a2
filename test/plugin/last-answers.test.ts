import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import * as netRpc from '../../examples/netrpc/contract.js';
import { GrpcError, status } from '../../src/grpc.js';
import { createClient, PluginError } from '../../src/index.js';
import { needsGo, startGoHost } from '../conformance/peers.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const LANES = 32;
/** More than the windows of HTTP/2 and the buffers of a socket take at once from all lanes. */
const BYTES = '300000';
const notes = join(tmpdir(), 'notes');
afterEach(() => {
  rmSync(notes, { force: true });
  assertTempDirEmpty();
});

type Call = (key: string) => Promise<unknown>;

interface Load {
  readonly answered: Set<string>;
  readonly errors: unknown[];
}

/** Calls in many lanes, each until a call of it fails. `onAnswers` is called when some calls were answered. */
async function callUntilRefused(call: Call, onAnswers: () => void): Promise<Load> {
  const load: Load = { answered: new Set(), errors: [] };
  const lane = async (name: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const key = `${name}-${count}`;
      try {
        await call(key);
      } catch (error) {
        load.errors.push(error);
        return;
      }
      load.answered.add(key);
      if (load.answered.size === 5 * LANES) onAnswers();
    }
  };
  await within(60_000, 'the end of the calls', Promise.all(Array.from({ length: LANES }, (_, name) => lane(name))));
  return load;
}

/** What the plugin has answered and the host has not received. */
function lostAnswers({ answered }: Load): string[] {
  const given = readFileSync(notes, 'utf8').trim().split('\n');
  return given.filter((key) => !answered.has(key));
}

/** By SIGTERM, as a supervisor of the system would, or asked by the host. */
for (const way of ['SIGTERM', 'stop'] as const)
  test(`${way} loses no answer of a plugin that is called all the time`, async () => {
    const client = createClient({ command: fixture('answers-many', notes, BYTES), handshake, plugins });
    await client.start();
    const kv = await client.dispense('kv');
    const exit = client.whenExited();
    const end = () => void (way === 'stop' ? client.stop() : process.kill(Number(client.id), 'SIGTERM'));
    const load = await callUntilRefused((key) => firstValueFrom(kv.get({ key })), end);
    await exit;
    assert.deepEqual(lostAnswers(load), []);
    const own = way === 'stop' ? [status.UNAVAILABLE, status.CANCELLED] : [status.UNAVAILABLE];
    for (const error of load.errors) assert.ok(GrpcError.is(error) && own.includes(error.status), String(error));
  });

for (const way of ['SIGTERM', 'stop'] as const)
  test(`${way} loses no answer of a plugin over net/rpc that is called all the time`, async () => {
    const client = createClient({
      command: fixture('answers-many-netrpc', notes, BYTES),
      handshake: netRpc.handshake,
      plugins: { kv: netRpc.plugins.kv },
    });
    await client.start();
    const kv = await client.dispense('kv');
    const exit = client.whenExited();
    const end = () => void (way === 'stop' ? client.stop() : process.kill(Number(client.id), 'SIGTERM'));
    const load = await callUntilRefused((key) => firstValueFrom(kv.get(key)), end);
    await exit;
    assert.deepEqual(lostAnswers(load), []);
    for (const error of load.errors) assert.ok(PluginError.is(error), String(error));
  });

test('SIGTERM loses no answer that a Go host waits for', needsGo(), async () => {
  await using host = await startGoHost(tmpdir());
  const { protocolVersion: appVersion, magicCookieKey: key, magicCookieValue: value } = handshake;
  const command = fixture('answers-many', notes, BYTES);
  const client = await host.create({ command, cookie: { key, value }, appVersion: appVersion ?? 1 });
  const { id } = await client.start();
  const kv = await client.dispense('kv');
  const call: Call = (key) => kv.invoke(KVDefinition, 'get', { key });
  const load = await callUntilRefused(call, () => process.kill(Number(id), 'SIGTERM'));
  await client.gone();
  assert.deepEqual(lostAnswers(load), []);
  for (const error of load.errors) assert.match(String(error), /UNAVAILABLE|14/);
});
