import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { PluginError } from 'rxplug';
import { CHECK_ITEMS, checkPlugin } from 'rxplug/testing';
import { REPOSITORY } from '../conformance/build-go.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';
import { handshake, mutantOf, resultsOf, those } from './mutants.js';

const assertTempDirEmpty = ownTempDir();
const good = { command: mutantOf('none'), handshake, protocolVersions: [1, 2] };

test('a good plugin meets every item', async () => {
  const results = await resultsOf(good);
  assert.deepEqual(those(results, 'fail', 'warn'), {});
  assert.deepEqual(Object.keys(those(results, 'skip')), ['M-01', 'B-01']);
  const items = CHECK_ITEMS.map(({ id }) => id).filter((id) => !id.startsWith('N'));
  assert.deepEqual(
    results.map(({ id }) => id),
    items,
  );
});

test('a good plugin meets every item over net/rpc, too', async () => {
  const results = await resultsOf({ ...good, command: mutantOf('none', 'netrpc') });
  assert.deepEqual(those(results, 'fail', 'warn', 'skip'), {});
  const items = CHECK_ITEMS.map(({ id }) => id).filter((id) => !/^[GMB]/.test(id));
  assert.deepEqual(
    results.map(({ id }) => id),
    items,
  );
});

test('every item has a heading of the documentation', () => {
  for (const { id, doc } of CHECK_ITEMS) {
    const [file = '', anchor] = doc.split('#');
    assert.ok(existsSync(join(REPOSITORY, file)), `${id}: ${file}`);
    const headings = readFileSync(join(REPOSITORY, file), 'utf8').match(/^#+ .*$/gm) ?? [];
    const anchors = headings.map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
        .replaceAll(' ', '-'),
    );
    assert.ok(anchors.includes(anchor ?? ''), `${id}: ${doc}, of ${anchors.join(', ')}`);
  }
});

test('ids are in order, each once', () => {
  const ids = CHECK_ITEMS.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const id of ids) assert.match(id, /^[A-Z]-\d\d$/);
});

test('an unsubscribe kills what runs, and nothing is left', async () => {
  await within(20_000, 'the first result', firstValueFrom(checkPlugin({ ...good, skip: ['S-01', 'S-02', 'S-03'] })));
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  for (const line of children.split('\n').filter((text) => text.includes('mutants/plugin.js')))
    await awaitGone(Number.parseInt(line, 10));
  assertTempDirEmpty();
});

test('what is no plugin is an error of the whole, as of a host', async () => {
  for (const [command, code] of [
    [['/nowhere/plugin'], 'ERR_SPAWN'],
    [fixture('prints-garbage'), 'ERR_HANDSHAKE_UNRECOGNIZED'],
    [fixture('exits-at-once'), 'ERR_EXITED_EARLY'],
  ] as const) {
    const failed = resultsOf({ ...good, command: command as [string, ...string[]] });
    await assert.rejects(failed, (error) => PluginError.is(error) && error.code === code);
  }
});

test('a wrong cookie is one error', async () => {
  const wrong = { ...good, handshake: { ...handshake, magicCookieValue: 'other' } };
  await assert.rejects(resultsOf(wrong), (error) => PluginError.is(error) && error.code === 'ERR_EXITED_EARLY');
});

test('items are chosen by ids and letters; others are refused', async () => {
  const results = await resultsOf({ ...good, only: ['s-01', 'G'], skip: ['G-08', 'G-09', 'g-10'] });
  assert.deepEqual(
    results.map(({ id }) => id),
    ['S-01', 'G-01', 'G-02', 'G-03', 'G-04', 'G-05', 'G-06', 'G-07'],
  );
  await assert.rejects(resultsOf({ ...good, only: ['X-01'] }), /There is no item "X-01" to check/);
});
