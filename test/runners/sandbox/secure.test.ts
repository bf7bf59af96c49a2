import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import type { RunnerSpec } from '../../../src/runners/runner.js';
import { directoryChecksum } from '../../../src/runners/secure/directory-checksum.js';
import { type SandboxOptions, sandboxRunner } from '../../../src/sandbox.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { needsBwrap } from '../../support/sandbox.js';

const needed = needsBwrap();
const directory = mkdtempSync(join(tmpdir(), 'c'));
after(() => rmSync(directory, { recursive: true }));
const never = new AbortController().signal;

const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const secureConfig = (file: string) => ({ hash: 'sha256', checksum: digest(file) });

async function outputOf(options: SandboxOptions, spec: RunnerSpec = EMPTY_SPEC): Promise<string> {
  const runner = await sandboxRunner(options)(spec);
  const printed = text(runner.stdout);
  try {
    await runner.start({ signal: never });
    return await printed;
  } finally {
    await runner.kill();
  }
}

function programAt(name: string): string {
  const file = join(directory, name);
  copyFileSync('/bin/echo', file);
  return file;
}

test('a program whose checksum was verified runs from its bytes, and cannot change its file', needed, async () => {
  const file = programAt('echo');
  const options = { command: [file, 'it', 'ran'], secureConfig: secureConfig(file) } as const;
  assert.equal(await outputOf(options), 'it ran\n');
  const writes = join(directory, 'writes.sh');
  writeFileSync(writes, '#!/bin/sh\necho x >> "$0" || echo refused\n', { mode: 0o755 });
  const before = readFileSync(writes, 'utf8');
  assert.equal(await outputOf({ command: [writes], secureConfig: secureConfig(writes) }), 'refused\n');
  assert.equal(readFileSync(writes, 'utf8'), before);
});

test('a file that is replaced after the check does not run', needed, async () => {
  const file = programAt('replaced');
  const options = { command: [file, 'the checked one'], secureConfig: secureConfig(file) } as const;
  // Between the check and the start bwrap is looked up: here it replaces the file first.
  const bwrap = join(directory, 'bwrap');
  const evil = join(directory, 'evil');
  writeFileSync(evil, '#!/bin/sh\necho the other one\n', { mode: 0o755 });
  writeFileSync(bwrap, `#!/bin/sh\n/bin/cp -f --remove-destination ${evil} ${file}\nexec bwrap "$@"\n`, {
    mode: 0o755,
  });
  assert.equal(await outputOf({ ...options, bwrap }), 'the checked one\n');
  assert.match(readFileSync(file, 'latin1'), /the other one/);
});

test('a Node script runs from its checked bytes, under its own name', needed, async () => {
  const script = join(directory, 'script.mjs');
  writeFileSync(script, "import { basename } from 'node:path'; console.log(basename(import.meta.url));");
  const secure = { ...secureConfig(script), file: script };
  assert.equal(await outputOf({ command: [process.execPath, script], secureConfig: secure }), 'script.mjs\n');
});

test('a directory that was checked can be read as a whole', needed, async () => {
  // A directory on the way that others may write to, as /tmp, is refused.
  const own = mkdtempSync(join(homedir(), '.rxplug-test-'));
  try {
    chmodSync(own, 0o755);
    mkdirSync(join(own, 'lib'));
    writeFileSync(join(own, 'lib', 'a.cjs'), "module.exports = 'from the folder';");
    writeFileSync(join(own, 'main.cjs'), "console.log(require('./lib/a.cjs'));");
    const secure = { hash: 'sha256', checksum: await directoryChecksum(own), directory: own };
    const command = [process.execPath, join(own, 'main.cjs')] as const;
    assert.equal(await outputOf({ command, secureConfig: secure }), 'from the folder\n');
  } finally {
    rmSync(own, { recursive: true });
  }
});

test('another checksum, or a command that would run something else, is refused', needed, async () => {
  const file = programAt('wrong');
  const wrong = { hash: 'sha256', checksum: '00'.repeat(32) };
  await assert.rejects(outputOf({ command: [file], secureConfig: wrong }), { code: 'ERR_CHECKSUM_MISMATCH' });
  const script = join(directory, 'script.mjs');
  const ofNode = secureConfig(process.execPath);
  await assert.rejects(outputOf({ command: [process.execPath, script], secureConfig: ofNode }), {
    code: 'ERR_CHECKSUM_NOT_RUN',
  });
});
