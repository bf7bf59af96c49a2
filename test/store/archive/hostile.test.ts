import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { placeProgram, unpackArchive } from '../../../packages/store/src/archive/unpack-archive.js';
import { StoreError } from '../../../packages/store/src/errors.js';
import { archive, chunksOf, END, entry, longName, pax } from './hostile-tar.js';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const newPlace = () => join(folder, `place-${count++}`);

/** What is said about an archive, of which nothing may be left. */
async function refusal(bytes: Buffer, limits?: Parameters<typeof unpackArchive>[2]): Promise<string> {
  const into = join(newPlace(), 'into');
  const before = readdirSync(folder);
  const error = await unpackArchive(chunksOf(bytes), into, limits).then(
    () => assert.fail(`it was unpacked: ${readdirSync(into, { recursive: true }).join(', ')}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoreError, String(error));
  assert.equal(error.code, 'ERR_ARCHIVE');
  assert.deepEqual(readdirSync(into), [], 'nothing is left of it');
  assert.deepEqual(readdirSync(folder).length, before.length + 1, 'nothing is beside it');
  assert.equal(existsSync(join(folder, 'evil')), false);
  return error.message;
}

const good = entry({ name: 'bin/kv', mode: '0000755', body: 'program' });

describe('an entry is refused, and the ones before it are not kept', () => {
  const zoo: readonly (readonly [what: string, blocks: readonly Buffer[], said: RegExp])[] = [
    [
      'a path to the parent',
      [entry({ name: '../evil' })],
      /"\.\.\/evil" is refused: its path leads out of the archive/,
    ],
    ['a path to the parent further on', [entry({ name: 'a/../../evil' })], /leads out/],
    ['a path to the parent at the end', [entry({ name: 'a/..', type: '5' })], /leads out/],
    ['a path to the parent in the prefix', [entry({ name: 'evil', prefix: '..' })], /leads out/],
    ['an absolute path', [entry({ name: '/tmp/evil' })], /absolute/],
    ['an absolute path in the prefix', [entry({ name: 'evil', prefix: '/tmp' })], /absolute/],
    ['a double slash', [entry({ name: 'a//b' })], /empty part/],
    ['a dot in the path', [entry({ name: 'a/./b' })], /empty part/],
    ['a network path', [entry({ name: '//host/evil' })], /absolute/],
    ['a backslash', [entry({ name: '..\\evil' })], /backslash/],
    ['a drive', [entry({ name: 'C:/evil' })], /drive/],
    ['a drive without a slash', [entry({ name: 'c:evil' })], /drive/],
    ['another stream of a file on Windows', [entry({ name: 'kv.exe:evil' })], /Windows does not take/],
    ['a name with a star', [entry({ name: 'a*b' })], /Windows does not take/],
    ['a device of Windows', [entry({ name: 'bin/NUL' })], /device on Windows/],
    ['a device of Windows with an extension', [entry({ name: 'com1.tar.gz' })], /device on Windows/],
    ['a device of Windows with a superscript', [entry({ name: 'LPT²' })], /device on Windows/],
    ['a name that ends with a dot', [entry({ name: 'kv.' })], /ends with a dot/],
    ['a name that ends with a space', [entry({ name: 'kv /x' })], /ends with a dot or a space/],
    ['a control character', [entry({ name: 'a\x1b[31mb' })], /"a\\u001b\[31mb" is refused: .*cannot be seen/],
    ['a line end', [entry({ name: 'a\nb' })], /cannot be seen/],
    ['a character that turns the text around', [entry({ name: 'a\u202egpj.exe' })], /cannot be seen/],
    ['no name', [entry({ name: '' })], /no name/],
    ['a NUL in the name', [entry({ name: 'a\0/../evil' })], /a NUL in it/],
    ['a name that is no UTF-8', [entry({ name: Buffer.from([0x61, 0xff]) })], /no UTF-8/],
    ['a name of 256 bytes', [pax({ path: 'x'.repeat(256) }), entry({})], /longer than 255/],
    ['a path of 1025 bytes', [pax({ path: 'x/'.repeat(512) + 'x' }), entry({})], /longer than 1024/],
    ['the root as a file', [entry({ name: '.' })], /name of the root/],
    [
      'a symbolic link',
      [entry({ name: 'evil', type: '2', linkName: '/etc/passwd' })],
      /"evil" is refused: it is a symbolic link/,
    ],
    ['a hard link', [entry({ name: 'evil', type: '1', linkName: '../x' })], /hard link/],
    ['a link with a long name', [entry({ type: 'K', magic: 'ustar  \0', body: '../evil\0' })], /link with a long name/],
    ['a character device', [entry({ name: 'null', type: '3' })], /device/],
    ['a block device', [entry({ name: 'sda', type: '4' })], /device/],
    ['a named pipe', [entry({ name: 'fifo', type: '6' })], /named pipe/],
    ['a sparse file of GNU tar', [entry({ type: 'S', magic: 'ustar  \0' })], /sparse/],
    ['a contiguous file', [entry({ type: '7' })], /unknown kind, "7"/],
    ['a volume label', [entry({ type: 'V', magic: 'ustar  \0' })], /unknown kind/],
    ['a directory with content', [entry({ name: 'a', type: '5', body: 'x' })], /directory with content/],
    ['a file with the name of a directory', [entry({ name: 'a/', body: 'x' })], /name of a directory/],
    ['a name twice', [entry({ name: 'a' }), entry({ name: 'a' })], /"a" is refused: it is there twice/],
    ['a name twice, once with a dot before it', [entry({ name: 'a' }), entry({ name: './a' })], /twice/],
    ['a directory twice', [entry({ name: 'a', type: '5' }), entry({ name: 'a/', type: '5' })], /twice/],
    ['names that differ in case', [entry({ name: 'Kv' }), entry({ name: 'kV' })], /take it for "Kv"/],
    ['names that differ in a sharp s', [entry({ name: 'straße' }), entry({ name: 'STRASSE' })], /take it for/],
    [
      'names that differ in the form of Unicode',
      [entry({ name: 'e\u0301' }), entry({ name: '\u00e9' })],
      /take it for/,
    ],
    ['directories that differ in case', [entry({ name: 'a/x' }), entry({ name: 'A/y' })], /take it for "a"/],
    ['a file below a file', [entry({ name: 'a' }), entry({ name: 'a/b' })], /a is a file/],
    ['a file in place of a directory', [entry({ name: 'a/b' }), entry({ name: 'a' })], /twice/],
    [
      'a good name, and another one in an extended header',
      [pax({ path: '../evil' }), entry({ name: 'kv' })],
      /leads out/,
    ],
    ['a good name, and another one as a long name', [longName('../evil'), entry({ name: 'kv' })], /leads out/],
    ['a long name with two ends', [longName('good\0/../evil'), entry({})], /its only NUL/],
    ['two extended headers', [pax({ path: 'a' }), pax({ path: 'b' }), entry({})], /two extended headers/],
    ['an extended header and a long name', [pax({ path: 'a' }), longName('b'), entry({})], /two extended headers/],
    [
      'an extended header with two paths',
      [entry({ type: 'x', body: '9 path=a\n9 path=b\n' }), entry({})],
      /two records path/,
    ],
    [
      'an extended header with another size',
      [pax({ size: '0' }), entry({ body: 'x'.repeat(1024) })],
      /it has two sizes/,
    ],
    ['an extended header with a link', [pax({ linkpath: '/etc' }), entry({})], /record "linkpath"/],
    [
      'an extended header of a sparse file',
      [pax({ 'GNU.sparse.name': '../evil' }), entry({})],
      /record "GNU\.sparse\.name"/,
    ],
    ['an extended header with an odd length', [entry({ type: 'x', body: '12 path=a\n' }), entry({})], /fit its length/],
    ['an extended header with a line end in its path', [pax({ path: 'a\nb' }), entry({})], /cannot be seen/],
    ['an extended header without an end', [entry({ type: 'x', body: '8 path=a' }), entry({})], /fit its length/],
    [
      'an extended header without a value',
      [entry({ type: 'x', body: '7 path\n' }), entry({})],
      /without a value|fit its length/,
    ],
    ['an extended header of 8 KB', [pax({ path: 'x'.repeat(9000) }), entry({})], /more than 8192 bytes/],
    ['an extended header without an entry', [pax({ path: 'a' })], /has no entry/],
    ['a global header with a path', [pax({ path: '../evil' }, 'g'), entry({})], /names all entries/],
    ['a negative size', [entry({ size: '-0000000001' })], /size of an entry is no octal/],
    ['a size in base 256', [entry({ size: '\x80\0\0\0\0\0\0\0\0\0\x01' })], /size of an entry is no octal/],
    ['a size that is no number', [entry({ size: '1x' })], /size of an entry is no octal/],
    ['a wrong checksum', [entry({ checksum: '000001\0 ' })], /checksum of an entry's header/],
    ['a header of another format', [entry({ magic: 'tar' })], /no header of an entry/],
    ['an entry after the end', [END, good], /bytes after its last entry/],
    ['a single block of zeros', [END.subarray(512), good], /ends and goes on/],
  ];
  for (const [what, blocks, said] of zoo)
    test(what, async () => assert.match(await refusal(archive(good, ...blocks)), said));
});

describe('an archive is refused', () => {
  const whole = archive(good, entry({ name: 'lib/a.txt', body: 'x'.repeat(3000) }));

  test('truncated anywhere', async () => {
    for (let length = 0; length < whole.length; length++)
      assert.match(await refusal(whole.subarray(0, length)), /^The archive is malformed/, `${length} bytes`);
  });

  test('with any byte changed that counts', async () => {
    // Time, hints and system in the gzip header say nothing.
    const ignored = new Set([4, 5, 6, 7, 8, 9]);
    for (let at = 0; at < whole.length; at++) {
      if (ignored.has(at)) continue;
      const changed = Buffer.from(whole);
      changed[at]! ^= 0xff;
      await refusal(changed);
    }
  });

  for (const [what, bytes, said] of [
    ['nothing', Buffer.alloc(0), /no gzip file/],
    ['a plain tar', Buffer.concat([good, END]), /no gzip file/],
    ['zeros after its end', Buffer.concat([whole, Buffer.alloc(512)]), /bytes after its end/],
    ['one byte after its end', Buffer.concat([whole, Buffer.of(0x1f)]), /bytes after its end/],
    ['another archive after its end', Buffer.concat([whole, whole]), /bytes after its end/],
    [
      'another gzip member with the rest',
      Buffer.concat([gzipSync(good), gzipSync(END)]),
      /middle of an entry|after its end/,
    ],
    ['without the blocks at the end', gzipSync(good), /middle of an entry/],
    ['with half an entry', gzipSync(good.subarray(0, 600)), /middle of an entry/],
    [
      'a gzip header without end',
      Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0), Buffer.alloc(9000, 65)]),
      /header is too long/,
    ],
    ['compressed by another method', Buffer.concat([Buffer.of(0x1f, 0x8b, 7), whole.subarray(3)]), /no gzip file/],
  ] as const)
    test(`that is ${what}`, async () => {
      assert.match(await refusal(bytes), said);
      // The same however it comes.
      for (const size of [1, 7, 512]) {
        const error = await unpackArchive(chunksOf(bytes, size), newPlace()).catch((reason: unknown) => reason);
        assert.ok(error instanceof StoreError && said.test(error.message), `in chunks of ${size}`);
      }
    });

  test('that is unpacked to much more than its size', async () => {
    assert.match(await refusal(archive(entry({ body: Buffer.alloc(64 * 2 ** 20) }))), /more than 200 times its size/);
  });

  test('that is unpacked to more than the limit', async () => {
    const big = archive(entry({ body: 'x'.repeat(5000) }));
    assert.match(await refusal(big, { maxBytes: 4096 }), /more than 4096 bytes/);
    const announced = archive(entry({ size: '77777777777' }));
    assert.match(await refusal(announced), /"x" is refused: it has more than 1073741824 bytes/);
  });

  test('with too many entries', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => entry({ name: `d${index}`, type: '5' }));
    // A directory that is named is an entry even where it is the root.
    const roots = Array.from({ length: 10_001 }, () => entry({ name: './', type: '5' }));
    assert.match(await refusal(archive(...roots)), /more than 10000 entries/);
    assert.match(await refusal(archive(...many.slice(0, 12)), { maxEntries: 11 }), /more than 11 entries/);
  });

  test('that does not end: its memory stays', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0)]);
      const deflated = deflateRawSync(good, { finishFlush: 2 });
      for (;;) {
        made += 1;
        yield deflated;
      }
    }
    const error = await unpackArchive(endless(), newPlace()).catch((reason: unknown) => reason);
    assert.ok(error instanceof StoreError && /twice/.test(error.message), String(error));
    assert.ok(made < 1000, `${made} chunks were read`);
  });

  test('that goes on after its end without end', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield whole;
      for (;;) {
        read += 1;
        yield Buffer.alloc(1024);
      }
    }
    const error = await unpackArchive(endless(), newPlace()).catch((reason: unknown) => reason);
    assert.ok(error instanceof StoreError && /after its end/.test(error.message), String(error));
    assert.ok(read < 1000, `${read} chunks were read`);
  });

  test('whose source fails, with its error', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield whole.subarray(0, 100);
      throw new Error('the network is gone');
    }
    const into = newPlace();
    await assert.rejects(unpackArchive(failing(), into), /the network is gone/);
    assert.deepEqual(readdirSync(into), []);
  });
});

test('setuid, setgid and sticky bits are dropped, and so is what the umask would let through', async () => {
  const into = newPlace();
  await unpackArchive(
    chunksOf(archive(entry({ name: 'su', mode: '0006777' }), entry({ name: 'd/w', mode: '0001666' }))),
    into,
  );
  const modeOf = (name: string) => (statSync(join(into, name)).mode & 0o7777).toString(8);
  assert.deepEqual(['su', 'd', 'd/w'].map(modeOf), ['755', '755', '644']);
});

test('an archive is not unpacked over other files', async () => {
  const into = mkdtempSync(join(folder, 'full-'));
  writeFileSync(join(into, 'mine'), 'x');
  await assert.rejects(unpackArchive(chunksOf(archive(good)), into), { code: 'ERR_OPTIONS' });
  assert.equal(readFileSync(join(into, 'mine'), 'utf8'), 'x');
});

test('a program that is no archive is placed as it is, within the limit, and over nothing', async () => {
  const path = join(folder, 'program');
  await placeProgram(chunksOf(Buffer.from('#!/bin/sh\n')), path);
  assert.equal(readFileSync(path, 'utf8'), '#!/bin/sh\n');
  assert.equal(statSync(path).mode & 0o7777, 0o755);
  await assert.rejects(placeProgram(chunksOf(Buffer.from('y')), path), { code: 'EEXIST' });
  assert.equal(readFileSync(path, 'utf8'), '#!/bin/sh\n');
  const large = join(folder, 'large');
  await assert.rejects(placeProgram(chunksOf(Buffer.alloc(100)), large, { maxBytes: 99 }), { code: 'ERR_ARCHIVE' });
  assert.equal(existsSync(large), false);
});
