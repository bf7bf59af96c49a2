import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EMPTY, filter, firstValueFrom, map, switchMap } from 'rxjs';
import { createClient } from 'rxplug';
import { parsePluginManifest } from 'rxplug/manifest';
import { relayRunner } from 'rxplug/relay';
import { sandboxOf, sandboxRunner } from 'rxplug/sandbox';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { RELAY_FILE } from '../support/relay-file.js';
import { needsBwrap, OWN_FILES } from '../support/sandbox.js';

const command = [process.execPath, fileURLToPath(new URL('../../examples/basic/plugin.js', import.meta.url))] as const;

test('how do I run a plugin without network', needsBwrap(), async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'd'));
  const pluginFolders = OWN_FILES;
  // #region sandbox
  const client = createClient({
    runner: sandboxRunner({
      command,
      readOnly: pluginFolders,
      writable: [dataFolder],
      memoryBytes: 256 << 20,
    }),
    handshake,
    plugins,
    autoMtls: true,
  });
  await client.start();
  // #endregion sandbox
  const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await client.stop();
  rmSync(dataFolder, { recursive: true });
});

test('how does a plugin say what it needs', needsBwrap(), async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'd'));
  const pluginFolder = OWN_FILES[0]!;
  const manifestText = JSON.stringify({
    manifestVersion: 1,
    name: 'greeter',
    version: '1.0.0',
    needs: { write: ['$DATA'], env: ['GREETING'] },
  });
  // #region grants
  const manifest = parsePluginManifest(manifestText);
  const granted = sandboxOf(manifest, {
    folders: { DATA: dataFolder },
    env: { GREETING: 'Hello' },
    memoryBytes: 256 << 20,
  });
  const runner = sandboxRunner({ command, ...granted, readOnly: [...granted.readOnly, pluginFolder] });
  // #endregion grants
  assert.deepEqual(granted.writable, [dataFolder]);
  assert.equal(typeof runner, 'function');
  rmSync(dataFolder, { recursive: true });
});

test('how do I run a plugin on another machine', async () => {
  const carrier = [process.execPath] as const;
  const relay = [RELAY_FILE] as const;
  // #region relay
  const client = createClient({
    runner: relayRunner({ carrier, relay, command }),
    handshake,
    plugins,
    autoMtls: true,
  });
  await client.start();
  // #endregion relay
  const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await client.stop();
});

test('how does a user interface show what a carrier asks for', {
  skip: process.platform === 'win32' && 'the carrier is a shell',
}, async () => {
  const asks = "echo Welcome >&2; printf 'Password for ada: ' >&2; read -r answer";
  const client = createClient({
    runner: relayRunner({ carrier: ['/bin/sh', '-c', asks], command }),
    handshake,
    plugins,
  });
  const shown: string[] = [];
  const show = (text: string): void => void shown.push(text);
  // #region carrier
  const starting$ = client.state$.pipe(map(({ status }) => status === 'starting'));
  const said$ = client.logs$.pipe(filter(({ module }) => module === 'rxplug.runner'));
  starting$.pipe(switchMap((isStarting) => (isStarting ? said$ : EMPTY))).subscribe(({ message }) => show(message));
  // #endregion carrier
  const prompted = firstValueFrom(client.logs$.pipe(filter(({ message }) => message.includes('Password'))));
  const stopped = assert.rejects(client.start(), { code: 'ERR_START_ABORTED' });
  await prompted;
  await client.stop();
  await stopped;
  assert.deepEqual(shown.slice(0, 2), ['/bin/sh: Welcome', '/bin/sh: Password for ada:']);
});
