import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { needsGo } from '../conformance/build-go.js';
import { goPlugin } from '../conformance/peers.js';
import { runCli } from './run-cli.js';
import { pluginOf, startSidecar, unix, untilThere } from './sidecar-rig.js';

const flags = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];

test('a plugin that listens elsewhere is refused with the cure, and the cure works', {
  skip: unix.skip || needsGo().skip,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'so-'));
  const file = join(directory, 'old.json');
  // The last minor version that does not know PLUGIN_UNIX_SOCKET_DIR.
  const old = await goPlugin({}, '1.4.10');
  const refused = await runCli(['sidecar', '--dir', directory, '--name', 'old', ...flags, '--', ...old]);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /The plugin listens at .*: expected a socket in .*--env TMPDIR=/);
  assert.ok(!existsSync(file));
  {
    await using sidecar = startSidecar(directory, 'old', old, [...flags, '--env', `TMPDIR=${directory}`]);
    await pluginOf(sidecar);
    await untilThere(file);
    await using client = createClient({ sidecar: { directory, name: 'old' }, handshake, plugins });
    await client.start();
    const kv = await client.dispense('kv');
    assert.equal((await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }))).revision, 1n);
    sidecar.kill('SIGTERM');
    await sidecar.ended;
  }
  rmSync(directory, { recursive: true });
});
