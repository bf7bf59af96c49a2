import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { fileChanges, supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';

const pluginFile = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command: [string, ...string[]] = [process.execPath, pluginFile];
const value = new TextEncoder().encode('1');

test('a supervised plugin, as docs/supervision.md shows it', async () => {
  const output: string[] = [];
  let pid = '';
  {
    // #region supervise
    await using plugin = supervise({ command, handshake, plugins });
    plugin.state$.subscribe(({ status }) => output.push(status));
    const kv = await plugin.dispense('kv'); // once; works for as long as the plugin is supervised
    await firstValueFrom(kv.put({ key: 'a', value }));
    await plugin.reload(); // a new process; no call fails
    await firstValueFrom(kv.put({ key: 'a', value }));
    // #endregion supervise
    pid = plugin.id ?? '';
  }
  assert.deepEqual(output, ['idle', 'starting', 'ready', 'ready', 'ready', 'stopping', 'stopped']);
  assert.notEqual(pid, '');
});

test('a pool, as docs/supervision.md shows it', async () => {
  // #region pool
  await using plugin = supervise({ command, handshake, plugins, supervision: { size: 2 } });
  const kv = await plugin.dispense('kv'); // its calls go to both processes
  await Promise.all([firstValueFrom(kv.put({ key: 'a', value })), firstValueFrom(kv.put({ key: 'b', value }))]);
  // #endregion pool
  assert.equal(plugin.state.status, 'ready');
});

test('the options of each process, as docs/supervision.md shows them', async () => {
  const checksumOf = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  const file = process.execPath;
  const args = [pluginFile];
  // #region reload
  await using plugin = supervise({
    command: [file, ...args],
    handshake,
    plugins,
    supervision: {
      reloadOn: fileChanges(file),
      generation: async () => ({ secureConfig: { hash: 'sha256', checksum: await checksumOf(file), file } }),
    },
  });
  // #endregion reload
  await plugin.ready();
});
