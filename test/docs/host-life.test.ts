import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, lastValueFrom, scan } from 'rxjs';
import { cleanupClients, cleanupOnExit, createClient, discovered, PluginError, type ReattachConfig } from 'rxplug';
import { managedClients } from 'rxplug/di';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone, isAlive } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const posix = { skip: process.platform === 'win32' ? 'no unix sockets here' : false };
const pluginFile = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command: [string, ...string[]] = [process.execPath, pluginFile];

test('how does a plugin outlive its host, and how do I reattach to it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'n'));
  const noteFile = join(directory, 'note.json');
  // #region outlives
  const client = createClient({ command, handshake, plugins, outlivesHost: true });
  await client.start();
  writeFileSync(noteFile, JSON.stringify(await client.reattachConfig()));
  // #endregion outlives
  // #region reattach
  const reattach = JSON.parse(readFileSync(noteFile, 'utf8')) as ReattachConfig;
  const again = createClient({ reattach, handshake, plugins });
  await again.start();
  // #endregion reattach
  assert.equal(again.id, client.id);
  await again.stop();
  client.ref();
  await lastValueFrom(client.state$);
  await awaitGone(Number(client.id));
  rmSync(directory, { recursive: true });
  assertTempDirEmpty();
  const gone = createClient({ reattach, handshake, plugins });
  await assert.rejects(gone.start(), (error) => PluginError.is(error) && error.code === 'ERR_PROCESS_NOT_FOUND');
});

test('where is its socket, and who may connect', posix, async () => {
  const runDirectory = mkdtempSync(join(tmpdir(), 'r'));
  const group = String(process.getgid?.());
  // #region unix-socket
  const client = createClient({ command, handshake, plugins, unixSocket: { tempDir: runDirectory, group } });
  // #endregion unix-socket
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  assert.equal(dirname(dirname(address.address)), runDirectory);
  await client.stop();
  rmSync(runDirectory, { recursive: true });
});

test('how do I find plugins, and see when they change', async () => {
  const pluginDirectory = mkdtempSync(join(tmpdir(), 'p'));
  mkdirSync(join(pluginDirectory, 'a'));
  const output: string[] = [];
  const none: { known: readonly string[]; added: readonly string[] } = { known: [], added: [] };
  // #region discovered
  const added$ = discovered('*', pluginDirectory).pipe(
    scan(({ known }, files) => ({ known: files, added: files.filter((file) => !known.includes(file)) }), none),
  );
  const watching = added$.subscribe(({ added }) => output.push(...added));
  // #endregion discovered
  const untilPrinted = async (count: number) => {
    while (output.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(30_000, 'the first', untilPrinted(1));
  mkdirSync(join(pluginDirectory, 'b'));
  await within(30_000, 'the second', untilPrinted(2));
  watching.unsubscribe();
  assert.deepEqual(output, [join(pluginDirectory, 'a'), join(pluginDirectory, 'b')]);
  rmSync(pluginDirectory, { recursive: true });
});

test('how do I stop them all', async () => {
  const files = [pluginFile, pluginFile];
  // #region managed
  const removeHandlers = cleanupOnExit(); // once per program
  const clients = files.map((file) =>
    createClient({ command: [process.execPath, file], handshake, plugins, managed: true }),
  );
  await Promise.all(clients.map((client) => client.start()));
  // #endregion managed
  const pids = clients.map(({ id }) => Number(id));
  assert.equal(managedClients.killed, false);
  // #region cleanup
  await cleanupClients();
  // #endregion cleanup
  removeHandlers();
  assert.equal(managedClients.killed, true);
  for (const pid of pids) assert.equal(isAlive(pid), false);
  assertTempDirEmpty();
});
