import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { firstValueFrom, take, tap, toArray } from 'rxjs';
import { PluginError } from '../../src/errors.js';
import { discover, discovered } from '../../src/host/discovery.js';

const directory = mkdtempSync(join(tmpdir(), 'discover-'));
after(() => rmSync(directory, { recursive: true }));
for (const name of ['plugin-b', 'plugin-a', 'plugin-10', 'other', 'a-b', 'a]b', 'a*b', 'ä'])
  writeFileSync(join(directory, name), '');
mkdirSync(join(directory, 'plugin-dir'));
writeFileSync(join(directory, 'plugin-dir', 'plugin-inner'), '');

for (const [pattern, expected] of [
  ['plugin-*', ['plugin-10', 'plugin-a', 'plugin-b', 'plugin-dir']],
  ['plugin-?', ['plugin-a', 'plugin-b']],
  ['plugin-[b-z]', ['plugin-b']],
  ['plugin-[^b]', ['plugin-a']],
  ['plugin-[z-a]', []],
  ['other', ['other']],
  ['none*', []],
  ['*/plugin-*', ['plugin-dir/plugin-inner']],
  ['a\\*b', ['a*b']],
  ['a[\\]]b', ['a]b']],
  ['?', ['ä']],
  ['', []],
] as const) {
  test(`K-15 finds ${expected.length} for the pattern "${pattern}", sorted and absolute`, async () => {
    const found = await discover(pattern, directory);
    assert.deepEqual(
      found.map((path) => relative(directory, path)),
      [...expected],
    );
  });
}

for (const pattern of ['[', '[a', 'a[]b]', '[-a]', '[a-]', '\\', '[^'])
  test(`K-15 refuses the malformed pattern ${pattern}`, async () => {
    await assert.rejects(
      discover(pattern, directory),
      (error) => PluginError.is(error) && error.code === 'ERR_OPTIONS',
    );
  });

test('K-15 finds nothing in a missing directory', async () => {
  assert.deepEqual(await discover('*', join(directory, 'missing')), []);
});

test('K-15 takes a relative directory from the current one', async () => {
  assert.deepEqual(await discover('plugin-b', relative(process.cwd(), directory)), [join(directory, 'plugin-b')]);
});

test('emits the files, then every change, and stops watching when unsubscribed', async () => {
  const watched = mkdtempSync(join(tmpdir(), 'watch-'));
  try {
    writeFileSync(join(watched, 'plugin-1'), '');
    let seen = 0;
    const lists$ = discovered('plugin-*', watched).pipe(
      tap(() => {
        seen += 1;
        if (seen === 1) writeFileSync(join(watched, 'plugin-2'), '');
        if (seen === 2) rmSync(join(watched, 'plugin-1'));
      }),
      take(3),
      toArray(),
    );
    const lists = await firstValueFrom(lists$);
    assert.deepEqual(
      lists.map((list) => list.map((path) => relative(watched, path))),
      [['plugin-1'], ['plugin-1', 'plugin-2'], ['plugin-2']],
    );
  } finally {
    rmSync(watched, { recursive: true });
  }
});

test('errors when the directory to watch is missing', async () => {
  await assert.rejects(
    firstValueFrom(discovered('*', join(directory, 'missing'))),
    (error) => PluginError.is(error) && error.code === 'ERR_WATCH',
  );
});
