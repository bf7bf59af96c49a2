import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { plugins } from '../../../examples/grpc-kv/contract.js';
import { createClient } from '../../../src/index.js';
import { type RelayOptions, relayRunner } from '../../../src/relay.js';
import { needsGo } from '../../conformance/build-go.js';
import { goPlugin } from '../../conformance/peers.js';
import { fixture } from '../../fixtures/fixture.js';
import { bundledFile } from '../../support/bundled-file.js';
import { within } from '../../support/defer.js';
import { ownTempDir } from '../../support/own-temp-dir.js';
import { awaitGone } from '../../support/process-alive.js';
import { parentOf } from '../../support/processes-with.js';
import { RELAY_FILE } from '../../support/relay-file.js';

const linuxOnly = { skip: process.platform !== 'linux' && 'processes are found by /proc' };
const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

function clientOf(options: Partial<RelayOptions> = {}, behaviour: object = {}) {
  const command = fixture('serves', JSON.stringify(behaviour));
  const runner = relayRunner({ carrier: [process.execPath], relay: [RELAY_FILE], command, ...options });
  return createClient({ runner, handshake, plugins: { kv: plugins.kv }, autoMtls: true });
}

test('a plugin over a relay: calls, stdio, and the exact exit; nothing is left', linuxOnly, async () => {
  const client = clientOf();
  await client.start();
  const kv = await client.dispense('kv');
  const value = Buffer.alloc(1 << 20, 'x');
  await firstValueFrom(kv.put({ key: 'a', value }));
  assert.equal((await firstValueFrom(kv.get({ key: 'a' }))).value.length, value.length);
  const pid = Number(client.id);
  await client.stop();
  assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });
  await awaitGone(pid);
  assertTempDirEmpty();
});

test('a plugin that is killed over there is told exactly', linuxOnly, async () => {
  const client = clientOf();
  await client.start();
  process.kill(Number(client.id), 'SIGKILL');
  assert.deepEqual(await within(20_000, 'the exit', lastValueFrom(client.exit$)), { code: null, signal: 'SIGKILL' });
  await lastValueFrom(client.state$);
  assertTempDirEmpty();
});

test('when the far end is killed, the host is told, and the plugin ends', linuxOnly, async () => {
  const client = clientOf();
  const logged: string[] = [];
  client.logs$.subscribe(({ message }) => void logged.push(message));
  await client.start();
  const pid = Number(client.id);
  process.kill(parentOf(pid), 'SIGKILL');
  await within(20_000, 'the exit', lastValueFrom(client.exit$));
  await lastValueFrom(client.state$);
  assert.ok(logged.some((message) => message.startsWith('The connection to the far end of the relay was lost')));
  await awaitGone(pid, 20_000);
});

test('a plugin in Go ends with a far end that is killed', needsGo(), async () => {
  const command = await goPlugin();
  const client = createClient({
    runner: relayRunner({ carrier: [process.execPath], relay: [RELAY_FILE], command }),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' },
    plugins: { kv: plugins.kv },
  });
  await client.start();
  const pid = Number(client.id);
  process.kill(parentOf(pid), 'SIGKILL');
  await within(20_000, 'the exit', lastValueFrom(client.exit$));
  await awaitGone(pid, 20_000);
  await lastValueFrom(client.state$);
});

test('a plugin has no part in the connection: its stdin is empty', linuxOnly, async () => {
  const client = clientOf();
  await client.start();
  assert.equal(readlinkSync(`/proc/${client.id}/fd/0`), '/dev/null');
  await client.stop();
});

test('a carrier that fails is told in its own words', linuxOnly, async () => {
  const script = "echo 'Welcome to the machine'; echo 'Host key verification failed.' >&2; exit 255";
  const client = clientOf({ carrier: ['/bin/sh', '-c', script] });
  const logged: string[] = [];
  client.logs$.subscribe(({ message }) => void logged.push(message));
  await assert.rejects(client.start(), {
    code: 'ERR_SPAWN',
    message:
      /The carrier \/bin\/sh did not reach the far end of the relay: it ended with code 255\. \/bin\/sh said "Host key verification failed\."\. It printed "Welcome to the machine"\./,
  });
  assert.ok(logged.includes('/bin/sh: Host key verification failed.'), 'what it says is logged at once');
  await assert.rejects(clientOf({ carrier: ['/no/such/carrier'] }).start(), { code: 'ERR_SPAWN', message: /ENOENT/ });
  assertTempDirEmpty();
});

test('a greeting of the machine before the far end does no harm', linuxOnly, async () => {
  const script = `echo 'Last login: yesterday'; echo; exec "$@"`;
  const client = clientOf({ carrier: ['/bin/sh', '-c', script, 'sh', process.execPath] });
  await client.start();
  await client.ping();
  await client.stop();
});

test('the far end can be made one file, which needs no package', linuxOnly, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'one'));
  const file = join(directory, 'relay.mjs');
  await bundledFile(RELAY_FILE, file);
  const client = clientOf({ relay: [file] });
  await client.start();
  await client.ping();
  await client.stop();
  rmSync(directory, { recursive: true });
});

test('a program that is not there over there is told by the far end', linuxOnly, async () => {
  const client = clientOf({ command: ['/no/such/plugin'] });
  await assert.rejects(client.start(), {
    code: 'ERR_SPAWN',
    message: /The plugin \/no\/such\/plugin could not be started/,
  });
});

test('the environment of the host does not go along', linuxOnly, async () => {
  process.env['SECRET_OF_THE_HOST'] = 'yes';
  try {
    const carrier = ['/usr/bin/env', '-u', 'SECRET_OF_THE_HOST', process.execPath] as const;
    const client = clientOf({ carrier, env: { NAMED: 'yes' } });
    await client.start();
    const environment = readFileSync(`/proc/${client.id}/environ`, 'latin1');
    assert.ok(environment.includes('\0NAMED=yes\0') && !environment.includes('SECRET_OF_THE_HOST'));
    await client.stop();
  } finally {
    delete process.env['SECRET_OF_THE_HOST'];
  }
});

test('wrong options are told when they are given', () => {
  const wrong = (options: object, message: RegExp) =>
    assert.throws(() => relayRunner(options as RelayOptions), { code: 'ERR_OPTIONS', message });
  wrong({ command: ['a'] }, /`carrier` option of relayRunner to be a non-empty list of strings/);
  wrong({ carrier: 'ssh host', command: ['a'] }, /`carrier` option .* got "ssh host"/);
  wrong({ carrier: [''], command: ['a'] }, /`carrier` option/);
  wrong({ carrier: ['ssh', 'a\0b'], command: ['a'] }, /`carrier` option/);
  wrong({ carrier: ['ssh', 'host'], command: ['a'], cwd: 5 }, /`cwd` option .* a path over there, got 5 \(number\)/);
  wrong({ carrier: ['ssh', 'host'], command: ['a'], killTimeoutMs: 2 ** 31 }, /`killTimeoutMs` .* below 2\^31/);
  wrong({ carrier: ['ssh', 'host'], command: [] }, /`command` option/);
  wrong({ carrier: ['ssh', 'host'], command: ['a'], relais: ['b'] }, /Did you mean `relay`\?/);
});
