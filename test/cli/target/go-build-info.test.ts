import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseBuildInfo, readGoBuildInfo } from '../../../src/cli/target/go-build-info.js';
import { needsGo } from '../../conformance/build-go.js';
import { goPlugin } from '../../conformance/peers.js';

test('the build of a Go program is what `go version -m` says of it', needsGo(), async () => {
  const [program] = await goPlugin();
  const told = execFileSync('go', ['version', '-m', program!], { encoding: 'utf8' }).split('\n');
  const build = await readGoBuildInfo(program!);
  assert.ok(build !== undefined);
  assert.equal(told[0], `${program}: ${build.goVersion}`);
  const lines = told.map((line) => line.split('\t'));
  const dependencies = lines.filter(([, kind]) => kind === 'dep').map(([, , path, version]) => [path, version]);
  assert.ok(dependencies.length > 5);
  assert.deepEqual([...build.dependencies], dependencies);
  const settings = lines.filter(([, kind]) => kind === 'build').map(([, , setting]) => setting);
  assert.deepEqual(
    [...build.settings].map(([name, value]) => `${name}=${value}`),
    settings,
  );
});

test('programs that Go did not build have none', async () => {
  assert.equal(await readGoBuildInfo(process.execPath), undefined);
});

test('what only looks like a block is passed over, and the next one is read', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-build-info-'));
  try {
    const file = join(directory, 'program');
    const real = block(
      'go1.22.1',
      'path\texample.com/p\nmod\texample.com/p\tv1.2.3\t\ndep\ta.b/c\tv1.0.0\n=>\td.e/f\tv2.0.0\n',
    );
    // In the code of the linker, at an address that is no multiple of 16, and cut off.
    writeFileSync(
      file,
      Buffer.concat([
        block('nonsense', ''),
        Buffer.alloc(3),
        real.subarray(0, 40),
        Buffer.alloc(16 * 300_000 - (block('nonsense', '').length + 43)),
        real,
      ]),
    );
    const build = await readGoBuildInfo(file);
    assert.equal(build?.goVersion, 'go1.22.1');
    assert.equal(build?.module, 'example.com/p');
    assert.equal(build?.moduleVersion, 'v1.2.3');
    assert.deepEqual([...build!.dependencies], [['a.b/c', 'v2.0.0']]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('blocks that are cut off or have other forms are no blocks', () => {
  const real = block('go1.22.1', 'mod\tm\tv1\t\n');
  assert.equal(parseBuildInfo(real.subarray(0, 33)), undefined);
  const pointers = Buffer.from(real);
  pointers[15] = 0;
  assert.equal(parseBuildInfo(pointers), undefined);
  assert.equal(parseBuildInfo(real.subarray(0, 45))?.module, undefined);
});

/** As the Go linker writes it since 1.18. */
function block(version: string, info: string): Buffer {
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 'latin1');
  header[14] = 8;
  header[15] = 2;
  const text = `${'0'.repeat(16)}${info}${'1'.repeat(16)}`;
  return Buffer.concat([
    header,
    Buffer.from([version.length]),
    Buffer.from(version),
    varint(text.length),
    Buffer.from(text),
  ]);
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, value >> 7]);
}
