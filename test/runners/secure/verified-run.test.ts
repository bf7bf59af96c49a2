import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { PluginError } from '../../../src/errors.js';
import { spawnPlugin } from '../../../src/runners/process/spawn.js';
import { openVerified } from '../../../src/runners/secure/open-verified.js';
import { resolveSecureConfig } from '../../../src/runners/secure/secure-config.js';
import { testEnv } from '../../fixtures/fixture.js';

// The directory of the plugin is one that an attacker may write to: after the check, other files are put in the plugin's place, and where
// the kernel's link to the checked file leads to by then.

const directory = mkdtempSync(join(tmpdir(), 'v'));
after(() => rmSync(directory, { recursive: true }));
const { signal } = new AbortController();
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux runs a program by its descriptor' };

let count = 0;
function file(content: string, name = `f${count++}`): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

type Command = readonly [string, ...string[]];

function open(command: Command, options: { readonly file?: string; readonly descriptors?: boolean } = {}) {
  const { file: checked, ...rest } = options;
  const [program, ...args] = command;
  const checksum = createHash('sha256')
    .update(readFileSync(checked ?? program))
    .digest('hex');
  const secure = resolveSecureConfig({ checksum, hash: 'sha256', ...(checked === undefined ? {} : { file: checked }) });
  return openVerified({ file: program, args, cwd: directory, env: testEnv() }, secure, { signal, ...rest });
}

/** Verifies a command, puts `evil` in the place of the file and of where its link leads to then, spawns it, and gives what it printed. */
async function runReplaced(
  command: Command,
  { file: checked, evil }: { readonly file?: string; readonly evil?: string } = {},
) {
  const path = checked ?? command[0];
  const verified = await open(command, checked === undefined ? {} : { file: checked });
  if (evil !== undefined) {
    writeFileSync(`${path}.new`, evil, { mode: 0o755 });
    renameSync(`${path}.new`, path);
    writeFileSync(`${path} (deleted)`, evil, { mode: 0o755 });
  }
  const child = spawnPlugin({ command, cwd: directory, env: testEnv(), ownGroup: false, verified: verified.spawn });
  assert.ok(child.stdout !== null && child.stderr !== null);
  child.stderr.resume();
  const [[code], printed] = await Promise.all([once(child, 'exit') as Promise<[number]>, text(child.stdout)]);
  await verified.close();
  return { code, text: printed };
}

const EVIL = '#!/bin/sh\necho evil\n';

test('a binary that is replaced after the check runs as it was checked, under its own name', onLinux, async () => {
  const path = join(directory, 'binary');
  copyFileSync('/bin/sh', path);
  chmodSync(path, 0o755);
  const command: Command = [path, '-c', 'echo "good $0"; [ -e /proc/$$/fd/3 ] || echo and no more'];
  // Its name is its path, and it holds no descriptor but the standard ones.
  assert.deepEqual(await runReplaced(command, { evil: EVIL }), { code: 0, text: `good ${path}\nand no more\n` });
});

const ESM = 'import { EOL } from "node:os"; process.stdout.write("good " + process.argv.at(-1) + EOL); await 0;\n';
const CJS = 'const { EOL } = require("node:os"); process.stdout.write("good " + process.argv.at(-1) + EOL);\n';
const WORKER =
  'const { isMainThread, Worker } = require("node:worker_threads");\n' +
  'if (isMainThread) new Worker(__filename); else process.stdout.write("good argument\\n");\n';
const SELF =
  'const self = import.meta.url; if (self.endsWith("?self")) console.log("good argument"); else await import(`${self}?self`);\n';

const hasProgram = (name: string) =>
  (process.env['PATH'] ?? '').split(delimiter).some((path) => existsSync(join(path, name)));

for (const [title, line, code, name] of [
  ['sh', '/bin/sh', 'echo "good $1"\n'],
  ['sh with an option', '/bin/sh -e', 'echo "good $1"; false; echo evil\n'],
  ['bash by env', '/usr/bin/env bash', 'echo "good $1"\n'],
  ['python3', '/usr/bin/env python3', 'import sys\nprint("good", sys.argv[1])\n'],
  ['python3 by env -S', '/usr/bin/env -S python3 -B', 'import sys\nprint("good", sys.argv[1])\n'],
  ['perl', '/usr/bin/env perl', 'print "good $ARGV[0]\\n";\n'],
  ['ruby', '/usr/bin/env ruby', 'puts "good #{ARGV[0]}"\n'],
  ['node, in CommonJS', '/usr/bin/env node', CJS],
  ['node, in CommonJS, by env -S', '/usr/bin/env -S node --no-warnings', CJS, 'a.cjs'],
  ['node, in ESM', '/usr/bin/env node', ESM, 'a.mjs'],
  ['node, in ESM without an extension', `${process.execPath}`, ESM],
  ['node, in a worker of the same file', '/usr/bin/env node', WORKER],
  ['node, importing itself', '/usr/bin/env node', SELF],
] as const) {
  const program = line.startsWith('/usr/bin/env')
    ? line.split(' ').find((word) => !/^-|\/env$/.test(word))!
    : undefined;
  const missing = program !== undefined && !hasProgram(program) ? `there is no ${program}` : false;
  const evil = (text: string) => text.replaceAll('good', 'evil');

  test(`a script of ${title} that is replaced after the check runs as it was checked`, {
    skip: onLinux.skip || missing,
  }, async () => {
    const script = `#!${line}\n${code}`;
    const { text } = await runReplaced([file(script, name), 'argument'], { evil: evil(script) });
    assert.equal(text, 'good argument\n');
  });

  test(`the script of [${title}, script] that is replaced after the check runs as it was checked`, {
    skip: onLinux.skip || missing,
  }, async () => {
    const path = file(code, name);
    const words = line.split(' ').filter((word) => word !== '-S') as unknown as Command;
    const { text } = await runReplaced([...words, path, 'argument'], { file: path, evil: evil(code) });
    assert.equal(text, 'good argument\n');
  });
}

test('a program that may open the script again by its name is refused', onLinux, async () => {
  const path = file('echo good\n', 'plugin.sh');
  for (const command of [
    ['nice', 'sh', path],
    ['sh', '-c', path],
    ['sh', '-x', 'another.sh', path],
    [process.execPath, '--require', './hook.cjs', path],
    [process.execPath, '--import=./hook.mjs', path],
    ['python3', '-mpdb', path],
    ['sh', '-e'],
    ['bun', path],
    ['deno', 'run', path],
  ] as const) {
    await assert.rejects(open(command, { file: path }), hasCode('ERR_CHECKSUM_NOT_RUN'), command.join(' '));
  }
});

test('a script whose interpreter may open it again by its name is refused', onLinux, async () => {
  for (const line of [
    '/bin/cat',
    '/usr/bin/env -S node "quoted"',
    '/usr/bin/env -i sh',
    `/bin/sh -${'e'.repeat(300)}`,
  ]) {
    await assert.rejects(open([file(`#!${line}\necho good\n`)]), hasCode('ERR_CHECKSUM_NOT_RUN'), line);
  }
});

test('a script that cannot be run at all is refused as without a checksum', onLinux, async () => {
  const reason = (pattern: RegExp) => (error: unknown) => hasCode('ERR_SPAWN')(error) && pattern.test(String(error));
  await assert.rejects(open([file('#!/nowhere/sh\n')]), reason(/\/nowhere\/sh, which does not exist/));
  await assert.rejects(open([file('#!/bin/sh\r\n')]), reason(/carriage return/));
  const path = file('#!/bin/sh\n');
  chmodSync(path, 0o644);
  await assert.rejects(open([path]), reason(/chmod \+x/));
});

test('a Node script that imports a file beside it is refused, and the bundle named', async () => {
  file('module.exports = {};', 'beside.cjs');
  file('export {};', 'beside.mjs');
  const isRefused = (error: unknown) =>
    hasCode('ERR_CHECKSUM_IMPORTS')(error) && /beside.*esbuild.*directory/s.test(String(error));
  for (const [name, code] of [
    ['i.mjs', 'import { word } from "./beside.mjs";'],
    ['i.mjs', 'import {\n  word,\n} from "./beside.mjs";'],
    ['i.mjs', '// first\nimport fs from "node:fs";\nimport"./beside.mjs";'],
    ['i.mjs', 'export * from "./beside.mjs";'],
    ['i.cjs', '"use strict";const a=require("./beside");'],
    ['i.cjs', 'const beside_1 = __importDefault(require("./beside.cjs"));'],
  ] as const) {
    const path = file(code, name);
    await assert.rejects(open([process.execPath, path], { file: path }), isRefused, code);
    await assert.rejects(open([file(`#!/usr/bin/env node\n${code}`, name)]), isRefused, code);
  }
});

test('a bundle is not taken for a script with imports', onLinux, async () => {
  for (const code of [
    'const sample = `\nimport { x } from "./not-there.js";\n`;\nconsole.log("good");\n',
    'try {\n  require("./beside.cjs.gone");\n} catch {}\nimport("./nowhere.js").catch(() => {});\nconsole.log("good");\n',
    'const fs = require("fs"), os = require("node:os");\nconsole.log("good");\n',
  ]) {
    const path = file(code, 'bundle.cjs');
    assert.deepEqual(await runReplaced([process.execPath, path], { file: path }), { code: 0, text: 'good\n' });
  }
});

test('where no file is run by its descriptor, it is run by its path, or refused if others can replace it', async () => {
  if (process.getuid === undefined) return;
  const path = file('console.log("good");', 'replaceable.cjs');
  chmodSync(directory, 0o777);
  const refused = open([process.execPath, path], { file: path, descriptors: false });
  await assert.rejects(refused, hasCode('ERR_CHECKSUM_WRITABLE'));
  chmodSync(directory, 0o700);
  // Not in the temporary directory, which everybody may write to.
  const own = mkdtempSync(join(homedir(), '.rxplug-test-'));
  const script = join(own, 'plugin.cjs');
  writeFileSync(script, '#!/usr/bin/env node\n', { mode: 0o755 });
  for (const [command, options] of [
    [[script, 'argument'], {}],
    [[process.execPath, script], { file: script }],
    [['java', '-jar', script], { file: script }],
  ] as const) {
    const verified = await open(command, { ...options, descriptors: false });
    assert.deepEqual(verified.spawn, { command, argv0: command[0] });
    await verified.close();
  }
  rmSync(own, { recursive: true });
});
