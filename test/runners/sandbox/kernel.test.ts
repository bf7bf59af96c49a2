/** What a plugin in a sandbox could do through the kernel itself, which namespaces do not separate. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { processRunner } from '../../../src/runners/process/process-runner.js';
import type { Runner } from '../../../src/runners/runner.js';
import { systemCallFilter } from '../../../src/runners/sandbox/system-calls.js';
import { type SandboxOptions, sandboxRunner } from '../../../src/sandbox.js';
import { fixture, testEnv } from '../../fixtures/fixture.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { needsBwrap } from '../../support/sandbox.js';

const needed = needsBwrap();
const python = { skip: needed.skip || (!existsSync('/usr/bin/python3') && 'Python calls the kernel here') };
const never = new AbortController().signal;
const outside = mkdtempSync(join(tmpdir(), 'k'));
after(() => rmSync(outside, { recursive: true }));

async function outcome(runner: Runner): Promise<string> {
  const printed = Promise.all([text(runner.stdout), text(runner.stderr)]);
  await runner.start({ signal: never });
  const [out, err] = await printed;
  await runner.kill();
  return out + err;
}

const plain = (attack: string, target: string): Promise<string> =>
  outcome(processRunner({ command: fixture('attacks', attack), env: testEnv({ TARGET: target }) }));

async function inSandbox(attack: string, target: string, options: Partial<SandboxOptions> = {}): Promise<string> {
  const command = fixture('attacks', attack);
  return await outcome(await sandboxRunner({ command, ...options })({ ...EMPTY_SPEC, ownEnv: { TARGET: target } }));
}

/** Of x86-64; elsewhere the numbers differ, and the filter is made by the same code. */
const CALLS: readonly (readonly [what: string, call: string, answer: RegExp])[] = [
  ['add a key to the keyring of its host', '248 ~user ~rxplug ~x 1 -3', /Operation not permitted/],
  ['search the keyring of its host', '250 0 -3 0', /Operation not permitted/],
  ['open a socket of virtual machines', '41 40 1 0', /Address family not supported/],
  ['open a socket of the kernel’s ciphers', '41 38 5 0', /Address family not supported/],
  ['type into a terminal', '16 0 21522 ~x', /Operation not permitted/],
  ['make a ring that opens sockets unseen', '425 1 0', /Function not implemented/],
  ['load a program into the kernel', '321 0 0 0', /Operation not permitted/],
  ['call by the numbers of another ABI', `${0x40000000 + 39}`, /Function not implemented/],
];

for (const [what, call, answer] of CALLS)
  test(`a plugin cannot ${what}`, {
    skip: python.skip || (process.arch !== 'x64' && 'numbers of x86-64'),
  }, async () => {
    assert.match(await inSandbox('call the kernel', call), answer);
  });

test('without a sandbox the keyring is there; in one, what a plugin needs is allowed', {
  skip: python.skip || (process.arch !== 'x64' && 'numbers of x86-64'),
}, async () => {
  assert.match(await plain('call the kernel', '250 0 -3 0'), /^succeeded/);
  for (const call of ['39', '41 1 1 0', '41 2 1 0', '41 16 3 0'])
    assert.match(await inSandbox('call the kernel', call), /^succeeded/, call);
});

test('an architecture whose numbers are not known has no filter', () => {
  assert.equal(systemCallFilter('riscv64'), undefined);
  assert.equal(systemCallFilter('arm64')!.byteLength % 8, 0);
});

test('a plugin has no rights, and cannot get any', needed, async () => {
  const rights = await inSandbox('list its rights', '');
  assert.match(rights, /CapBnd:/);
  assert.deepEqual(
    [...rights.matchAll(/Cap\w+:\s*(\w+)/g)].map(([, bits]) => Number(`0x${bits}`)),
    [0, 0, 0, 0, 0],
  );
  assert.match(rights, /NoNewPrivs:\s*1/);
});

test('a plugin sees no file of the host by the root of a process', needed, async () => {
  const key = join(outside, 'key');
  writeFileSync(key, 'a private key');
  assert.match(await plain('read a file by the root of a process', key), /^succeeded: a private key/);
  assert.match(await inSandbox('read a file by the root of a process', key), /^failed: (ENOENT|EACCES)/);
});

test('a plugin gets no descriptor but its three, and no device of the machine', needed, async () => {
  const links = (await inSandbox('list its descriptors', '')).trim().split(' ');
  const files = links.filter((link) => link.startsWith('/') && !link.startsWith('/proc/'));
  assert.deepEqual(
    [...new Set(files)].filter((link) => link !== '/dev/null' && link !== '/dev/urandom'),
    [],
  );
  const devices = (await inSandbox('list a folder', '/dev')).replace('succeeded: ', '').trim().split(' ');
  const usual = 'core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero console'.split(' ');
  assert.deepEqual(
    devices.filter((name) => !usual.includes(name)),
    [],
  );
  for (const folder of ['/run', '/var', '/root', '/home', '/boot', '/srv'])
    assert.match(await inSandbox('list a folder', folder), /^failed: ENOENT/, folder);
});

test('a plugin does not reach the terminal of its host', needed, async () => {
  const host = fileURLToPath(new URL('../../fixtures/hosts/sandbox-attack.js', import.meta.url));
  const child = spawn('script', ['-qec', `${process.execPath} ${host} 'open the terminal'`, '/dev/null'], {
    env: testEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  assert.match(said, /the host: succeeded/);
  assert.match(said, /in the sandbox: failed: (ENXIO|ENOENT|EACCES)/);
});

test('a program with the setuid bit gives a plugin no rights', {
  skip: needed.skip || (process.getuid?.() !== 0 && 'only root can make such a program'),
}, async () => {
  const home = mkdtempSync('/tmp/k');
  chmodSync(home, 0o755);
  const program = join(home, 'id');
  copyFileSync('/usr/bin/id', program);
  chmodSync(program, 0o4755);
  const host = fileURLToPath(new URL('../../fixtures/hosts/sandbox-attack.js', import.meta.url));
  const args = [host, 'get the rights of another user', program, program];
  const env = testEnv({ TMPDIR: '/tmp' });
  const child = spawn(process.execPath, args, { uid: 65534, gid: 65534, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.match(said, /without a sandbox: succeeded: ran 0\n/);
  assert.match(said, /in the sandbox: succeeded: ran 65534\n/);
  rmSync(home, { recursive: true });
});
