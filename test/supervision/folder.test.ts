import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { discovered } from '../../src/index.js';
import { fileChanges, type SupervisedPlugin, supervise } from '../../src/supervise.js';
import { handshake, type Kv, type Plugins, plugins, reaches, soon, underLoad } from './rig.js';

const library = new URL('../../src/index.js', import.meta.url).href;
const contract = new URL('./rig.js', import.meta.url).href;

/** A plugin in one file: `get` answers the text. */
const program = (answer: string): string => `
import { implement, serve } from ${JSON.stringify(library)};
import { handshake, plugins } from ${JSON.stringify(contract)};
const no = () => { throw new Error('not here'); };
const get = () => ({ value: Buffer.from(${JSON.stringify(answer)}), revision: 1n });
const kv = { get, put: () => ({ revision: 1n }), watch: no, import: no, sync: no };
await serve({ handshake, plugins: { kv: implement(plugins.kv, kv) } });
`;

/** Supervises every plugin in a folder, as examples/plugin-folder does. */
async function supervised(folder: string): Promise<Map<string, SupervisedPlugin<Plugins>>> {
  const files = await firstValueFrom(discovered('*-plugin.mjs', folder));
  const start = (file: string): SupervisedPlugin<Plugins> =>
    supervise({
      command: [process.execPath, file],
      handshake,
      plugins,
      supervision: { reloadOn: fileChanges(file, { debounceMs: 20 }), whenDown: { limitMs: 120_000 } },
    });
  return new Map(files.map((file) => [basename(file), start(file)]));
}

const text = async (kv: Kv): Promise<string> =>
  new TextDecoder().decode((await firstValueFrom(kv.get({ key: 'a' }))).value);

test('a plugin of a folder whose file is replaced is reloaded under load without a failed call, and no other', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sf-')));
  const put = (name: string, answer: string): void => {
    writeFileSync(join(folder, 'new'), program(answer));
    renameSync(join(folder, 'new'), join(folder, name));
  };
  put('a-plugin.mjs', 'a1');
  put('b-plugin.mjs', 'b1');
  const running = await supervised(folder);
  const a = running.get('a-plugin.mjs') as SupervisedPlugin<Plugins>;
  const b = running.get('b-plugin.mjs') as SupervisedPlugin<Plugins>;
  const [kvA, kvB] = [await a.dispense('kv'), await b.dispense('kv')];
  assert.deepEqual([await text(kvA), await text(kvB)], ['a1', 'b1']);
  const other = b.id;
  await underLoad({ kv: kvA }, async () => {
    const taken = reaches(a, 'ready', 2);
    put('a-plugin.mjs', 'a2');
    await taken;
  });
  assert.deepEqual([await text(kvA), await text(kvB), b.id], ['a2', 'b1', other]);
  for (const plugin of running.values()) await soon('the stop', plugin.stop());
  rmSync(folder, { recursive: true });
});
