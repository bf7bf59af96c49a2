import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from 'rxplug';
import { MANIFEST_FILE, parsePluginManifest } from 'rxplug/manifest';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { MANIFEST_NAMES } from '../../src/wire/manifest/manifest.js';
import { root } from './repository.js';

const folder = mkdtempSync(join(tmpdir(), 'manifest-page-'));
after(() => rmSync(folder, { recursive: true }));
const page = readFileSync(join(root, 'docs/manifest.md'), 'utf8');
const command = [process.execPath, fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url))];
const { magicCookieKey: cookieKey } = handshake;
const said = { manifestVersion: 1, name: 'acme/kv', version: '1.4.2', handshake: { cookieKey, protocolVersions: [1] } };
writeFileSync(join(folder, MANIFEST_FILE), JSON.stringify(said));

test('the manifest that the page shows is one, and the page explains every field', () => {
  const [, shown = ''] = /```text\n(\{[^]*?\})\n```/.exec(page) ?? [];
  assert.equal(parsePluginManifest(shown).name, 'acme/kv-redis');
  const explained = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  assert.deepEqual(explained, MANIFEST_NAMES);
});

test('what version is the plugin that runs', async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  // #region version
  const manifest = parsePluginManifest(await readFile(join(folder, 'rxplug.plugin.json'), 'utf8'));
  await using client = createClient({ command, handshake, plugins, manifest });
  client.state$.subscribe(({ status, name, version = 'unknown' }) => log(`${name} ${version} is ${status}`));
  await client.start();
  log(`${client.plugin.name} ${client.plugin.version ?? 'of an unknown version'}`);
  // #endregion version
  assert.equal(lines[0], 'acme/kv 1.4.2 is idle');
  assert.equal(lines.at(-1), 'acme/kv 1.4.2');
});

test('a supervised plugin whose version changes', async () => {
  const manifest = parsePluginManifest(said);
  const newest = async () => ({ command, manifest });
  // #region supervised
  await using plugin = supervise({
    command,
    handshake,
    plugins,
    supervision: { generation: async () => await newest() },
  });
  await plugin.ready();
  const { name, version } = plugin.plugin;
  // #endregion supervised
  assert.deepEqual([name, version], ['acme/kv', '1.4.2']);
});
