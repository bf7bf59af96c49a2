import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom, ReplaySubject, skip } from 'rxjs';
import { PluginError } from '../../src/index.js';
import { type FileChange, fileChanges } from '../../src/supervise.js';
import { soon } from './rig.js';

/** The changes of a file from now on; resolves when the file is being watched. */
function watching(file: string) {
  const changes = new ReplaySubject<FileChange>();
  const subscription = fileChanges(file, { debounceMs: 20 }).subscribe(changes);
  return {
    change: (index: number) => soon(`change ${index}`, firstValueFrom(changes.pipe(skip(index)))),
    stop: () => subscription.unsubscribe(),
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('a write, an atomic rename and a link that leads elsewhere are changes; a touch and a removal are none', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fc-')));
  const file = join(folder, 'plugin');
  const replace = (text: string): void => {
    writeFileSync(join(folder, 'new'), text);
    renameSync(join(folder, 'new'), file);
  };
  writeFileSync(file, 'one');
  const watched = watching(file);
  await new Promise((resolve) => setImmediate(resolve));
  utimesSync(file, 1, 1);
  writeFileSync(join(folder, 'other'), 'not this one');
  rmSync(file);
  replace('two');
  assert.deepEqual(await watched.change(0), { file, sha256: sha256('two') });
  writeFileSync(file, 'three');
  assert.equal((await watched.change(1)).sha256, sha256('three'));
  for (const name of ['v1', 'v2']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'plugin'), name);
  }
  rmSync(file);
  symlinkSync(join(folder, 'v1', 'plugin'), file);
  assert.equal((await watched.change(2)).sha256, sha256('v1'));
  symlinkSync(join(folder, 'v2', 'plugin'), join(folder, 'link'));
  renameSync(join(folder, 'link'), file);
  assert.equal((await watched.change(3)).sha256, sha256('v2'));
  watched.stop();
  rmSync(folder, { recursive: true });
});

test('a folder that is not there is an error', async () => {
  const missing = firstValueFrom(fileChanges('/nonexistent/plugin'));
  await assert.rejects(missing, (error) => PluginError.is(error) && error.code === 'ERR_WATCH');
});

test('other files of the folder that change without a pause hold nothing back', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fc-')));
  const file = join(folder, 'plugin');
  writeFileSync(file, 'one');
  const watched = watching(file);
  const writing = setInterval(() => writeFileSync(join(folder, 'log'), 'a line\n', { flag: 'a' }), 2);
  t.after(() => clearInterval(writing));
  await new Promise((resolve) => setImmediate(resolve));
  for (const [index, text] of ['two', 'three'].entries()) {
    writeFileSync(file, text);
    assert.equal((await watched.change(index)).sha256, sha256(text));
  }
  watched.stop();
  clearInterval(writing);
  rmSync(folder, { recursive: true });
});

test('wrong options are told at once', () => {
  const isTold = (error: unknown): boolean => PluginError.is(error) && error.code === 'ERR_OPTIONS';
  for (const options of [{ debounce: 5 }, { debounceMs: -1 }, { debounceMs: '5' }, 5])
    assert.throws(() => fileChanges('plugin', options as object), isTold, JSON.stringify(options));
});
