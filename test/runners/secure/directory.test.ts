import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { PluginError } from '../../../src/errors.js';
import { processRunner } from '../../../src/runners/process/process-runner.js';
import { directoryChecksum } from '../../../src/runners/secure/directory-checksum.js';
import { openVerified } from '../../../src/runners/secure/open-verified.js';
import { resolveSecureConfig } from '../../../src/runners/secure/secure-config.js';
import { testEnv } from '../../fixtures/fixture.js';

// Not in the temporary directory, which everybody may write to.
const place = mkdtempSync(join(homedir(), '.rxplug-test-'));
after(() => rmSync(place, { recursive: true }));
const { signal } = new AbortController();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const withOwners = { skip: process.getuid === undefined ? 'this system has no owners and modes' : false };
const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root gives files away' };

let count = 0;
/** A directory with a script that imports another file. */
function plugin(): { readonly directory: string; readonly main: string } {
  const directory = join(place, `p${count++}`);
  mkdirSync(join(directory, 'lib'), { recursive: true });
  const main = join(directory, 'main.mjs');
  writeFileSync(main, 'import { word } from "./lib/word.mjs"; console.log(word);');
  writeFileSync(join(directory, 'lib/word.mjs'), 'export const word = "good";');
  execFileSync('chmod', ['-R', 'go-w', directory]);
  return { directory, main };
}

async function open(directory: string, command: readonly [string, ...string[]], checksum?: string) {
  const [file, ...args] = command;
  const expected = checksum ?? (await directoryChecksum(directory));
  const secure = resolveSecureConfig({ checksum: expected, hash: 'sha256', directory });
  return await openVerified({ file, args, cwd: place, env: testEnv() }, secure, { signal });
}

test('a Node script that imports files runs when its directory has the expected checksum', withOwners, async () => {
  const { directory, main } = plugin();
  const secureConfig = { checksum: await directoryChecksum(directory), hash: 'sha256', directory };
  const runner = processRunner({ command: [process.execPath, main], env: testEnv(), secureConfig });
  await runner.start({ signal });
  runner.stderr.resume();
  assert.equal(await text(runner.stdout), 'good\n');
});

test('every change in the directory is a mismatch', withOwners, async () => {
  const changes: readonly ((directory: string) => void)[] = [
    (directory) => writeFileSync(join(directory, 'lib/word.mjs'), 'export const word = "evil";'),
    (directory) => writeFileSync(join(directory, 'lib/more.mjs'), '', { mode: 0o644 }),
    (directory) => mkdirSync(join(directory, 'lib/empty'), { mode: 0o755 }),
    (directory) => rmSync(join(directory, 'lib/word.mjs')),
    (directory) => renameSync(join(directory, 'lib'), join(directory, 'lib2')),
    (directory) => chmodSync(join(directory, 'lib/word.mjs'), 0o755),
    (directory) => symlinkSync('main.mjs', join(directory, 'link')),
  ];
  for (const change of changes) {
    const { directory, main } = plugin();
    const checksum = await directoryChecksum(directory);
    change(directory);
    await assert.rejects(
      open(directory, [process.execPath, main], checksum),
      hasCode('ERR_CHECKSUM_MISMATCH'),
      String(change),
    );
  }
});

test('the checksum of a directory is what is documented', async () => {
  const { directory, main } = plugin();
  chmodSync(main, 0o755);
  symlinkSync('main.mjs', join(directory, 'link'));
  const digest = (content: string) => createHash('sha512').update(content).digest('hex');
  const records = [
    'd lib\0',
    `f ${digest('export const word = "good";')} lib/word.mjs\0`,
    'l main.mjs\0link\0',
    `x ${digest('import { word } from "./lib/word.mjs"; console.log(word);')} main.mjs\0`,
  ];
  assert.equal(await directoryChecksum(directory, { hash: 'sha512' }), digest(records.join('')));
});

test('what leads out of the directory, or is no file, has no checksum', async () => {
  const { directory } = plugin();
  symlinkSync('..', join(directory, 'out'));
  await assert.rejects(directoryChecksum(directory), /out leads out of the directory/);
  rmSync(join(directory, 'out'));
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  await assert.rejects(directoryChecksum(directory), /pipe is neither/);
});

test('a directory that others can write to, in it or on the way, is refused', withOwners, async () => {
  const { directory, main } = plugin();
  for (const path of [directory, join(directory, 'lib'), join(directory, 'lib/word.mjs'), place]) {
    chmodSync(path, path.endsWith('mjs') ? 0o664 : 0o1777);
    const isRefused = (error: unknown) => hasCode('ERR_CHECKSUM_WRITABLE')(error) && String(error).includes(path);
    await assert.rejects(open(directory, [process.execPath, main]), isRefused, path);
    chmodSync(path, path.endsWith('mjs') ? 0o644 : 0o700);
  }
  await (await open(directory, [process.execPath, main])).close();
});

test('a link that others can replace on the way to the directory is refused', withOwners, async () => {
  const { directory, main } = plugin();
  const shared = join(place, `shared${count++}`);
  mkdirSync(shared);
  symlinkSync(directory, join(shared, 'current'));
  chmodSync(shared, 0o777);
  const current = join(shared, 'current');
  for (const [named, script] of [
    [current, main],
    [directory, join(current, 'main.mjs')],
  ] as const)
    await assert.rejects(
      open(named, [process.execPath, script]),
      hasCode('ERR_CHECKSUM_WRITABLE'),
      `${named} ${script}`,
    );
});

test('a file that belongs to another user is refused', asRoot, async () => {
  const { directory, main } = plugin();
  chownSync(join(directory, 'lib/word.mjs'), 12_345, 0);
  await assert.rejects(open(directory, [process.execPath, main]), hasCode('ERR_CHECKSUM_WRITABLE'));
});

test('a directory that nothing of the command is in is refused', withOwners, async () => {
  const { directory } = plugin();
  const another = plugin();
  await assert.rejects(open(directory, [process.execPath, another.main]), hasCode('ERR_CHECKSUM_NOT_RUN'));
  await assert.rejects(
    open(join(place, 'nowhere'), [process.execPath], '00'.repeat(32)),
    hasCode('ERR_CHECKSUM_UNREADABLE'),
  );
});
