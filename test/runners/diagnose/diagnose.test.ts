import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StartError } from '../../../src/errors.js';
import { diagnoseCommand } from '../../../src/runners/diagnose/diagnose.js';
import { processRunner } from '../../../src/runners/process/process-runner.js';
import { testEnv } from '../../fixtures/fixture.js';
import { elfFile, fatMachOFile, machOFile, peFile } from './program-files.js';

const posixOnly = { skip: process.platform === 'win32' };
const linuxOnly = { skip: process.platform !== 'linux' || process.arch !== 'x64' };
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'diagnose-'));
});

after(() => rm(directory, { recursive: true, force: true }));

async function program(name: string, content: string | Uint8Array, mode = 0o755): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

function diagnose(file: string, options: { cwd?: string; env?: Record<string, string> } = {}): Promise<string> {
  return diagnoseCommand({ file, cwd: options.cwd ?? directory, env: options.env ?? testEnv() });
}

async function startErrorOf(file: string, cwd = directory): Promise<StartError> {
  const runner = processRunner({ command: [file], cwd, env: testEnv() });
  const outcome = runner.start({ signal: new AbortController().signal });
  const error = await outcome.then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StartError);
  assert.equal(error.code, 'ERR_SPAWN');
  return error;
}

describe('a start that fails says why and what to do', () => {
  test('missing file', async () => {
    const error = await startErrorOf('./absent');
    assert.match(error.message, /\.\/absent could not be started \(ENOENT\)/);
    assert.match(error.message, /There is no file .*absent: correct the path, or build the plugin first/);
    assert.ok(error.cause instanceof Error);
  });

  test('not in PATH', async () => {
    const error = await startErrorOf('no-such-program');
    assert.match(
      error.message,
      /no program `no-such-program` in PATH \(.*\/usr\/bin.*\): install it, or give its full path/,
    );
  });

  test('missing working directory', async () => {
    const error = await startErrorOf(process.execPath, join(directory, 'absent'));
    assert.match(error.message, /working directory .*absent does not exist: create it, or correct the `cwd` option/);
  });

  test('a directory', posixOnly, async () => {
    await mkdir(join(directory, 'folder'));
    assert.match(
      (await startErrorOf('./folder')).message,
      /\(EACCES\).*folder is a directory: give the path of the program/,
    );
  });

  test('not executable, with mode and owner beside the current user', posixOnly, async () => {
    const path = await program('plain', '#!/bin/sh\n', 0o644);
    const { message } = await startErrorOf(path);
    assert.match(message, /\(EACCES\)\. .*plain is not executable: set the permission with `chmod \+x .*plain`/);
    assert.match(message, /Mode: -rw-r--r--/);
    assert.match(message, /Owner: \d+ \[.+\] \(current: \d+ \[.+\]\)/);
    assert.match(message, /Group: \d+ \[.+\] \(current: \d+ \[.+\]\)/);
  });

  test('missing interpreter', posixOnly, async () => {
    const path = await program('odd-script', '#!/opt/no-such/perl -w\n');
    const { message } = await startErrorOf(path);
    assert.match(message, /asks for the interpreter \/opt\/no-such\/perl, which does not exist here: install it/);
  });

  test('an interpreter that ends with a carriage return', posixOnly, async () => {
    const path = await program('dos-script', '#!/bin/sh\r\necho hi\r\n');
    assert.match((await startErrorOf(path)).message, /ends with a carriage return.*: save it with LF line ends/);
  });

  test('a missing loader', linuxOnly, async () => {
    const path = await program('musl', elfFile({ loader: '/lib/ld-musl-none.so.1' }));
    assert.match((await startErrorOf(path)).message, /needs the loader \/lib\/ld-musl-none.so.1, .*CGO_ENABLED=0/);
  });

  test('arguments that are too long', posixOnly, async () => {
    const runner = processRunner({ command: [process.execPath, 'x'.repeat(4 << 20)], env: testEnv() });
    await assert.rejects(runner.start({ signal: new AbortController().signal }), /\(E2BIG\)\. .*pass less/);
  });

  test('no file descriptors left', posixOnly, async () => {
    const host = fileURLToPath(new URL('../../fixtures/hosts/without-descriptors.js', import.meta.url));
    const command = `ulimit -n 64; exec "${process.execPath}" "${host}"`;
    const child = spawn('/bin/sh', ['-c', command], { env: testEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    assert.match(await text(child.stdout), /^ERR_SPAWN .*\(EMFILE\)\. .*raise the limit \(ulimit -n\)/);
  });

  test('a NUL in an argument', async () => {
    const runner = processRunner({ command: [process.execPath, 'a\0b'], env: testEnv() });
    await assert.rejects(runner.start({ signal: new AbortController().signal }), /null bytes/);
  });
});

describe('the diagnosis of a plugin that did not speak', () => {
  test('names the usual causes when the file looks well', async () => {
    const report = await diagnose(process.execPath);
    assert.match(report, /not built for this architecture, lacks shared libraries.*may not be executed.*handshake/s);
    assert.match(report, new RegExp(`Path: ${process.execPath.replaceAll('\\', '\\\\')}`));
    assert.match(report, new RegExp(`architecture: .*${process.arch}.* \\(current architecture: ${process.arch}\\)`));
  });

  test('a program for another processor', linuxOnly, async () => {
    const path = await program('arm-elf', elfFile({ machine: 183 }));
    const report = await diagnose(path);
    assert.match(report, /arm-elf was built for ELF arm64, this is ELF x64: get or build the plugin for linux-x64/);
    assert.match(report, /ELF architecture: arm64 \(current architecture: x64\)/);
  });

  test('a big-endian 32-bit program', linuxOnly, async () => {
    const path = await program('mips-elf', elfFile({ machine: 8, bits: 32, bigEndian: true }));
    assert.match(await diagnose(path), /was built for ELF mips/);
  });

  test('programs for other systems', linuxOnly, async () => {
    assert.match(await diagnose(await program('a.exe', peFile(0x8664))), /was built for PE x64, this is ELF x64/);
    assert.match(await diagnose(await program('mac', machOFile(0x0100_000c))), /was built for Mach-O arm64/);
    const fat = fatMachOFile([0x0100_0007, 0x0100_000c]);
    assert.match(await diagnose(await program('fat', fat)), /was built for Mach-O x64 and arm64/);
  });

  test('a program that env does not find', posixOnly, async () => {
    const path = await program('env-script', '#!/usr/bin/env -S no-such-node --flag\n');
    const report = await diagnose(path, { env: { PATH: '/opt/a:/opt/b' } });
    assert.match(report, /asks env for no-such-node, which is not in PATH \(\/opt\/a, \/opt\/b\)/);
  });

  test('an empty file', posixOnly, async () => {
    assert.match(await diagnose(await program('empty', '')), /empty is empty: build or download the plugin again/);
  });

  test('a file that is looked up in PATH', posixOnly, async () => {
    await program('in-path', '');
    assert.match(await diagnose('in-path', { env: { PATH: `/nowhere:${directory}` } }), /in-path is empty/);
  });

  test('a path through a file', posixOnly, async () => {
    const path = await program('file', '');
    assert.match(await diagnose(`${path}/inner`), /A part of the path .* is a file and not a directory/);
  });

  test('never rejects on truncated, hostile or unknown headers', async () => {
    const whole = elfFile({ loader: '/lib/ld.so' });
    for (let length = 0; length < whole.length; length += 1)
      await diagnose(await program('cut', whole.subarray(0, length)));
    const hostile = [
      elfFile({ programHeadersAt: 2n ** 63n }),
      elfFile({ loader: '/x', loaderBytes: 2n ** 62n }),
      Buffer.from('MZ'.padEnd(0x3c, '\0') + '\xff\xff\xff\xff', 'latin1'),
      Buffer.concat([Buffer.from('cafebabe', 'hex'), Buffer.from('00000041', 'hex'), Buffer.alloc(64)]),
      Buffer.from('#!'),
      Buffer.from('#!\n'),
      Buffer.alloc(5_000, 'x'),
    ];
    for (const content of hostile) assert.equal(typeof (await diagnose(await program('hostile', content))), 'string');
  });
});

describe('a silent plugin in a language that buffers stdout gets the statement that flushes it', () => {
  for (const [title, name, content, args, expected] of [
    ['a Python script', 'a.py', '#!/usr/bin/env python3\n', [], /Python buffers.*`print\(line, flush=True\)`/],
    ['a script without a name that says so', 'plugin', '#!/usr/bin/ruby\n', [], /Ruby buffers.*\$stdout\.sync/],
    ['an interpreter with a script', 'runs', '#!/bin/sh\n', ['plugin.pl'], /Perl buffers.*\$\|/],
  ] as const)
    test(title, async () => {
      const file = await program(name, content);
      const diagnosis = await diagnoseCommand({ file, cwd: directory, env: testEnv() }, args);
      // Where the interpreter is not installed, that is the finding.
      if (!/asks (for the interpreter|env)/.test(diagnosis)) assert.match(diagnosis, expected);
    });

  test('a binary for this system', linuxOnly, async () => {
    assert.match(await diagnose('/bin/sh'), /C and C\+\+ buffer.*`fflush\(stdout\)`/);
  });

  test('a program of Node has no such note', async () => {
    assert.doesNotMatch(await diagnose(await program('n.mjs', '#!/usr/bin/env node\n')), /buffer/);
  });
});

test('a start that fails in a working directory that was deleted says so', posixOnly, async () => {
  const gone = await mkdtemp(join(directory, 'gone-'));
  const script = `
    import { rmdirSync } from 'node:fs';
    import { processRunner } from ${JSON.stringify(new URL('../../../src/runners/process/process-runner.js', import.meta.url).href)};
    rmdirSync(process.cwd());
    const runner = processRunner({ command: ['./plugin'], env: {} });
    runner.start({ signal: new AbortController().signal }).catch(({ name, code, message }) => console.log(name, code, message));
  `;
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: gone,
    env: { ...testEnv(), PWD: gone },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.match(await text(host.stdout), /^StartError ERR_SPAWN .*The working directory .*gone-.* does not exist/);
});
