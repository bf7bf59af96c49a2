import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsGo } from '../../conformance/build-go.js';
import { goPlugin, ourPlugin } from '../../conformance/peers.js';
import { runCli } from '../run-cli.js';

const COOKIE = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];

async function inspected(command: readonly string[], ...flags: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['inspect', ...COOKIE, '--json', ...flags, '--', ...command]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('inspect tells how a plugin starts, what it answers and how it ends', async () => {
  const found = await inspected(await ourPlugin());
  assert.match(found.line, /^1\|1\|unix\|\/.*\|grpc\|[\w+/]+$/);
  assert.ok(found.lineMs > 0);
  assert.deepEqual([found.socketInDirectory, found.refusesStrangers], [true, true]);
  assert.deepEqual([found.offered.length, found.certificate.key, found.certificate.names], [256, 'P-256', 'localhost']);
  assert.deepEqual(found.health, { plugin: 'SERVING', server: 'SERVING' });
  assert.ok(found.log.lines > 0);
  assert.equal(found.log.hclog, found.log.lines);
  const { askedAt, afterMs, ...end } = found.ended;
  assert.deepEqual(end, { code: 0, signal: null, socketRemoved: true });
  assert.ok(Date.parse(askedAt) > 0 && afterMs >= 0);
});

test('a plugin that does not end by itself is told to have been killed, and to leave its socket behind', async () => {
  const { ended } = await inspected(await ourPlugin({ shutdown: 'hang' }), '--tls', 'off');
  assert.deepEqual([ended.code, ended.signal], [null, 'SIGKILL']);
});

test('further starts show the other versions, and whether it multiplexes', async () => {
  const found = await inspected(await ourPlugin({ versions: '1=grpc,3=grpc,4=grpc' }), '--all-versions');
  assert.deepEqual([found.versions, found.multiplexing], [[4, 3, 1], true]);
  const offered = ['--protocol-versions', '3-9', '--', ...(await ourPlugin({ versions: '1=grpc,3=grpc,4=grpc' }))];
  const { stdout } = await runCli(['inspect', ...COOKIE, '--all-versions', ...offered]);
  assert.match(stdout, /^ {2}version {4}4 of 3–9; it speaks 3, 4$/m);
});

test('an old Go plugin puts its socket elsewhere, and does not multiplex', needsGo(), async () => {
  // Killed in the start that asks for multiplexing, it leaves its socket there.
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-'));
  const old = ['--env', `TMPDIR=${directory}`, '--all-versions'];
  const found = await inspected(await goPlugin({}, '1.4.10'), ...old).finally(() =>
    rmSync(directory, { recursive: true }),
  );
  assert.deepEqual([found.socketInDirectory, found.multiplexing], [false, false]);
  assert.equal(found.certificate.key, 'P-521');
});

for (const [what, peer, options] of [
  ['our plugin', ourPlugin, {}],
  ['a Go plugin', goPlugin, needsGo()],
] as const) {
  test(`${what} of net/rpc answers a ping, and says whether it has a name`, options, async () => {
    const command = await peer({ protocol: 'netrpc' });
    const { netRpc, refusesStrangers, health } = await inspected(command, '--dispense', 'kv');
    assert.deepEqual(netRpc.dispensed, { name: 'kv' });
    assert.deepEqual([refusesStrangers, health], [true, undefined]);
    const { stdout } = await runCli(['inspect', ...COOKIE, '--dispense', 'nope', '--', ...command]);
    assert.match(stdout, /^streams +control, stdout, stderr; Control\.Ping answered in \d+ ms$/m);
    assert.match(stdout, /^dispense +nope: unknown plugin type: nope$/m);
    assert.match(stdout, /^services +not told: net\/rpc has no reflection$/m);
  });
}
