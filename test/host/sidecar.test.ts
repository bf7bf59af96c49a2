import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, OptionsError, PluginError } from '../../src/index.js';
import { supervise } from '../../src/supervise.js';
import { ourPlugin } from '../conformance/peers.js';
import { within } from '../support/defer.js';

const unix = { skip: process.platform === 'win32' ? 'there are no unix sockets' : false };
const started = { handshake, plugins } as const;

for (const [sidecar, expected] of [
  [{ directory: '', name: 'kv' }, /`sidecar\.directory` to be a path, got ""/],
  [{ directory: '/x' }, /`sidecar\.name` to be letters, .* got undefined/],
  [{ directory: '/x', name: '../kv' }, /`sidecar\.name` to be letters, .* got "\.\.\/kv"/],
  [{ directory: '/x', name: 'kv', folder: '/y' }, /There is no option `folder` of `sidecar`/],
] as const)
  test(`refuses ${JSON.stringify(sidecar)}`, () => {
    const options = { ...started, sidecar } as unknown as Parameters<typeof createClient>[0];
    assert.throws(() => createClient(options), isOptionsError(expected));
  });

test('refuses what only the host that starts a plugin can have, and several processes of one plugin', () => {
  const sidecar = { directory: '/x', name: 'kv' };
  for (const [options, expected] of [
    [{ autoMtls: true }, /no `autoMtls` beside `sidecar`/],
    [{ outlivesHost: true }, /no `outlivesHost` beside `sidecar`/],
    [{ command: ['x'] }, /exactly one of .* got command and sidecar/],
    [{ supervision: { size: 2 } }, /no `supervision\.size` above 1 beside `sidecar`/],
    [{ supervision: { reload: { mode: 'overlap' } } }, /no `reload\.mode: 'overlap'` beside `sidecar`/],
    [{ grpc: { broker: { enabled: 'no' } } }, /the `enabled` option of the broker to be a boolean, got no/],
  ] as const) {
    const all = { ...started, sidecar, ...options } as unknown as Parameters<typeof supervise>[0];
    assert.throws(() => ('supervision' in options ? supervise(all) : createClient(all)), isOptionsError(expected));
  }
});

for (const [what, content, expected] of [
  ['is no JSON', '{', /it cannot be used: .*JSON/],
  ['is of something else', '{"Protocol":"grpc"}', /it cannot be used: expected an object with `sidecar: 1`/],
  [
    'names no plugin',
    '{"sidecar":1,"generation":"a"}',
    /it cannot be used: expected `generation`, `directory` and `reattach`/,
  ],
  ['leads nowhere', published('/nowhere/socket'), /the plugin that is published there does not listen/],
] as const)
  test(`a file that ${what} is waited at, and the error says so`, unix, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sc-'));
    writeFileSync(join(directory, 'kv.json'), content);
    await using client = createClient({ ...started, sidecar: { directory, name: 'kv' }, startTimeoutMs: 300 });
    await assert.rejects(client.start(), (error) => {
      assert.ok(PluginError.is(error) && error.code === 'ERR_START_TIMEOUT');
      assert.match(error.message, expected);
      return true;
    });
    rmSync(directory, { recursive: true });
  });

test('a pipe in the place of the file is not waited for', unix, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sc-'));
  execFileSync('mkfifo', [join(directory, 'kv.json')]);
  await using client = createClient({ ...started, sidecar: { directory, name: 'kv' }, startTimeoutMs: 300 });
  await assert.rejects(client.start(), /it cannot be used: /);
  rmSync(directory, { recursive: true });
});

test(
  'a folder that is there later, under another path, is found; a file that vanishes is the end of the plugin',
  unix,
  async () => {
    const parent = mkdtempSync(join(tmpdir(), 'sc-'));
    const [there, here] = [join(parent, 'there'), join(parent, 'here')];
    mkdirSync(there);
    const [file, ...args] = await ourPlugin();
    await using first = createClient({
      command: [file, ...args],
      handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' },
      plugins,
      unixSocket: { tempDir: there },
    });
    await first.start();
    const reattach = await first.reattachConfig();
    writeFileSync(
      join(there, 'kv.json'),
      JSON.stringify({
        sidecar: 1,
        generation: 'a',
        directory: '/elsewhere',
        reattach: { ...reattach, address: reattach.address.replace(there, '/elsewhere') },
      }),
    );
    await using client = createClient({ ...started, sidecar: { directory: here, name: 'kv' } });
    const starting = client.start();
    // What the other container calls /elsewhere is here now.
    renameSync(there, here);
    await within(20_000, 'the start', starting);
    const kv = await client.dispense('kv');
    assert.ok((await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }))).revision > 0n);
    rmSync(join(here, 'kv.json'));
    const { code, signal } = await within(20_000, 'the end', client.whenExited());
    assert.deepEqual([code, signal], [null, null]);
    await first.ping();
    await first.stop();
    await client.stop();
    rmSync(parent, { recursive: true });
  },
);

function published(address: string): string {
  const reattach = { protocol: 'grpc', protocolVersion: 1, network: 'unix', address };
  return JSON.stringify({ sidecar: 1, generation: 'a', directory: '/x', reattach });
}

function isOptionsError(expected: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OptionsError, String(error));
    assert.match(error.message, expected);
    return true;
  };
}
