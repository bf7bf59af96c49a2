import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { create, list } from 'tar';
import { packArchive } from '../../../packages/store/src/archive/pack-archive.js';
import { readFileOfArchive } from '../../../packages/store/src/archive/read-file.js';
import { readTree } from '../../../packages/store/src/archive/tree.js';
import { checksumOfTree, hashOfTree, treeHash } from '../../../packages/store/src/archive/tree-hash.js';
import { unpackArchive } from '../../../packages/store/src/archive/unpack-archive.js';
import { verifyTree } from '../../../packages/store/src/archive/verify-tree.js';
import { directoryChecksum } from '../../../src/runners/secure/directory-checksum.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { needsProgram } from '../../support/needs-program.js';

const place = mkdtempSync(join(tmpdir(), 'archive-'));
after(() => rmSync(place, { recursive: true }));
let count = 0;
const newPlace = () => join(place, `p${count++}`);
const LONG = `${'folder-with-a-long-name/'.repeat(9)}${'x'.repeat(120)}.txt`;

/** A plugin's folder with all that an archive can hold. */
function sample(): string {
  const folder = newPlace();
  const files: readonly (readonly [path: string, content: string | Buffer, mode: number])[] = [
    ['bin/kv', '#!/bin/sh\n', 0o700],
    ['rxplug.plugin.json', '{}\n', 0o600],
    ['empty', '', 0o644],
    ['block', 'x'.repeat(512), 0o644],
    ['large.bin', Buffer.alloc(300_000, 'abcdefg'), 0o644],
    ['a-b', '1', 0o644],
    ['a/b', '2', 0o644],
    ['a.b', '3', 0o644],
    ['Größe/日本語.txt', 'ü', 0o644],
    [LONG, 'long', 0o755],
    [`${'d'.repeat(100)}/${'f'.repeat(100)}`, 'ustar has a prefix for it', 0o644],
  ];
  for (const [path, content, mode] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), mode);
  }
  mkdirSync(join(folder, 'nothing-in-it'));
  return folder;
}

const contents = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const stats = statSync(join(folder, path));
      if (stats.isDirectory()) return [path];
      return [path, readFileSync(join(folder, path)).toString('base64'), (stats.mode & 0o100) !== 0];
    });

describe('an archive', () => {
  const folder = sample();
  const file = join(place, 'kv.tgz');
  before(async () => packArchive(folder, file));

  test('comes back, with modes 0755 and 0644', async () => {
    const into = newPlace();
    await unpackArchive(file, into);
    assert.deepEqual(contents(into), contents(folder));
    const modes = readdirSync(into, { recursive: true, encoding: 'utf8' }).map(
      (path) => statSync(join(into, path)).mode & 0o7777,
    );
    assert.deepEqual(new Set(modes), new Set([0o755, 0o644]));
  });

  test('is the same whenever and by whomever it is packed', async () => {
    const again = sample();
    for (const path of readdirSync(again, { recursive: true, encoding: 'utf8' })) utimesSync(join(again, path), 1, 1);
    chmodSync(join(again, 'a-b'), 0o666);
    const packed = await packArchive(again, join(place, 'again.tgz'));
    const bytes = readFileSync(file);
    assert.deepEqual(readFileSync(join(place, 'again.tgz')), bytes);
    assert.deepEqual(packed, {
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      size: bytes.length,
    });
  });

  for (const [program, from] of [
    ['tar', 'tar'],
    ['bsdtar', 'libarchive-tools'],
  ] as const)
    describe(`and ${program}`, needsProgram(program, from), () => {
      const env = { ...process.env, LC_ALL: 'C.UTF-8' };

      test('reads ours', () => {
        const into = newPlace();
        mkdirSync(into);
        execFileSync(program, ['-xzf', file, '-C', into], { env });
        assert.deepEqual(contents(into), contents(folder));
      });

      for (const format of program === 'tar' ? ['gnu', 'posix', 'ustar'] : ['pax', 'ustar', 'gnutar'])
        test(`is read by ours: ${format}`, async () => {
          const theirs = newPlace();
          // ustar has no room for the longest name, and GNU tar none there for a folder's.
          const without = format === 'ustar' ? ['--exclude=./folder-*', '--exclude=./ddd*'] : [];
          execFileSync(program, ['-czf', theirs, '--format', format, ...without, '-C', folder, '.'], { env });
          const into = newPlace();
          await unpackArchive(theirs, into);
          const expected = contents(folder).filter(
            ([path]) => format !== 'ustar' || !/^(?:folder|ddd)/.test(String(path)),
          );
          assert.deepEqual(contents(into), expected);
        });
    });

  test('is read the same by the package tar', async () => {
    const seen: string[] = [];
    await list({ file, strict: true, onReadEntry: (entry) => seen.push(entry.path.replace(/\/$/, '')) });
    assert.deepEqual(seen.sort(), readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort());
  });

  test('of the package tar is read by ours', async () => {
    const theirs = newPlace();
    await create({ gzip: true, file: theirs, cwd: folder }, ['.']);
    const into = newPlace();
    await unpackArchive(theirs, into);
    assert.deepEqual(contents(into), contents(folder));
  });

  test('gives one of its files, within a limit', async () => {
    assert.equal((await readFileOfArchive(file, 'rxplug.plugin.json', 3))?.toString(), '{}\n');
    assert.equal(await readFileOfArchive(file, 'missing', 3), undefined);
    await assert.rejects(readFileOfArchive(file, 'bin/kv', 3), { code: 'ERR_ARCHIVE', message: /more than 3 bytes/ });
  });

  test('is unpacked from a stream in chunks of any size', async () => {
    const bytes = readFileSync(file);
    for (const size of [1, 511, 513, bytes.length]) {
      const into = newPlace();
      await unpackArchive(
        (async function* () {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        })(),
        into,
      );
      assert.equal(await treeHash(into), await treeHash(folder), `chunks of ${size}`);
    }
  });

  test('is not packed of what would be refused, and nothing is left', async () => {
    const linked = newPlace();
    mkdirSync(linked);
    symlinkSync('/etc/passwd', join(linked, 'link'));
    const named = newPlace();
    mkdirSync(named);
    writeFileSync(join(named, 'a:b'), '');
    const twice = newPlace();
    mkdirSync(twice);
    writeFileSync(join(twice, 'Kv'), '');
    writeFileSync(join(twice, 'kv'), '');
    const target = newPlace();
    mkdirSync(target);
    for (const [wrong, code] of [
      [linked, 'ERR_STORE'],
      [named, 'ERR_ARCHIVE'],
      [twice, 'ERR_ARCHIVE'],
      [join(place, 'missing'), 'ENOENT'],
    ] as const)
      await assert.rejects(packArchive(wrong, join(target, 'x.tgz')), { code });
    assert.deepEqual(readdirSync(target), []);
  });
});

describe('the hash of a folder', () => {
  test("is that of Go's dirhash", needsGo(), async () => {
    const oracle = join(await buildGo('test/store/go', ['dirhash']), 'dirhash');
    const [one, other] = [sample(), newPlace()];
    mkdirSync(other);
    const printed = execFileSync(oracle, [one, other], { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual([await treeHash(one), await treeHash(other)], printed);
  });

  test('is refused with a link in it', async () => {
    const folder = sample();
    symlinkSync('bin/kv', join(folder, 'link'));
    await assert.rejects(treeHash(folder), { code: 'ERR_STORE', message: /link is neither a file nor a directory/ });
  });

  test('and the checksum that secureConfig.directory takes are of one reading', async () => {
    const folder = sample();
    assert.equal(checksumOfTree(await readTree(folder)), await directoryChecksum(folder));
  });
});

describe('a verified folder', () => {
  const changes: readonly (readonly [what: string, change: (folder: string) => void, said: RegExp])[] = [
    ['a changed file', (folder) => writeFileSync(join(folder, 'a/b'), '3'), /a\/b is changed/],
    ['a new file', (folder) => writeFileSync(join(folder, 'bin/evil'), ''), /bin\/evil is new/],
    ['a missing file', (folder) => rmSync(join(folder, 'empty')), /empty is missing/],
  ];
  for (const [what, change, said] of changes)
    test(`is refused with ${what}, by its hash, and by what it was, which names the file`, async () => {
      const folder = sample();
      const before = await readTree(folder);
      assert.deepEqual(await verifyTree(folder, hashOfTree(before)), before);
      assert.deepEqual(await verifyTree(folder, before), before);
      change(folder);
      await assert.rejects(verifyTree(folder, hashOfTree(before)), {
        code: 'ERR_STORE',
        message: /expected h1:.*got h1:/,
      });
      await assert.rejects(verifyTree(folder, before), { code: 'ERR_STORE', message: said });
    });

  test('is refused when a file became a program, which only what it was tells', async () => {
    const folder = sample();
    const before = await readTree(folder);
    chmodSync(join(folder, 'a/b'), 0o755);
    await assert.rejects(verifyTree(folder, before), { code: 'ERR_STORE', message: /a\/b is changed/ });
  });
});
