import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { processRunner } from '../../../src/runners/process/process-runner.js';
import type { Runner } from '../../../src/runners/runner.js';
import type { SandboxOptions } from '../../../src/sandbox.js';
import { sandboxRunner } from '../../../src/sandbox.js';
import { fixture, testEnv } from '../../fixtures/fixture.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { needsBwrap } from '../../support/sandbox.js';

const needed = needsBwrap();
const never = new AbortController().signal;

let outside: string;
let victim: ChildProcess;
const servers: Server[] = [];
let port: number;
const abstract = `rxplug-${process.pid}`;

before(async () => {
  outside = mkdtempSync(join(tmpdir(), 'o'));
  mkdirSync(join(outside, 'other'));
  writeFileSync(join(outside, 'key'), 'a private key');
  const env = { ...testEnv(), SECRET_OF_SOMEBODY_ELSE: 'yes' };
  victim = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], { env });
  const tcp = await listening({ port: 0, host: '127.0.0.1' });
  port = (tcp.address() as { port: number }).port;
  await listening({ path: join(outside, 'other', 's') });
  await listening({ path: `\0${abstract}` });
  await once(victim.stdout!, 'data');
});

after(async () => {
  for (const server of servers) server.close();
  victim.kill('SIGKILL');
  rmSync(outside, { recursive: true });
});

async function listening(where: object): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server.listen(where));
  await once(server, 'listening');
  return server;
}

/** What the program prints, which tries one thing. */
async function outcome(runner: Runner): Promise<string> {
  const printed = Promise.all([text(runner.stdout), text(runner.stderr)]);
  await runner.start({ signal: never });
  const [out, err] = await printed;
  await runner.kill();
  return out + err;
}

async function inSandbox(attack: string, target: string, options: Partial<SandboxOptions> = {}): Promise<string> {
  const command = fixture('attacks', attack);
  const ownEnv = { OWN: 'yes', TARGET: target };
  return await outcome(await sandboxRunner({ command, ...options })({ ...EMPTY_SPEC, ownEnv }));
}

/** The attack works on a plain process, and not in a sandbox. */
function attack(
  name: string,
  target: () => string,
  failsWith: RegExp,
  options: () => Partial<SandboxOptions> = () => ({}),
) {
  test(`a plugin cannot ${name}`, needed, async () => {
    const plain = processRunner({ command: fixture('attacks', name), env: testEnv({ TARGET: target() }) });
    assert.match(await outcome(plain), /^succeeded: /, 'without a sandbox');
    assert.match(await inSandbox(name, target(), options()), failsWith, 'in the sandbox');
  });
}

const NOT_THERE = /^failed: ENOENT/;

attack('read a file', () => join(outside, 'key'), NOT_THERE);
attack('list a folder', homedir, NOT_THERE);
attack('write a file', () => join(outside, 'new'), NOT_THERE);
attack('connect by TCP', () => String(port), /^failed: connect (ECONNREFUSED|ENETUNREACH)/);
attack('connect to a unix socket', () => join(outside, 'other', 's'), /^failed: connect ENOENT/);
attack('connect to an abstract unix socket', () => abstract, /^failed: connect ECONNREFUSED/);
attack('see another process', () => String(victim.pid), NOT_THERE);
attack('signal another process', () => String(victim.pid), /^failed: kill ESRCH/);
attack('read the memory of another process', () => String(victim.pid), NOT_THERE);

test(
  'a plugin cannot write into what it may read, into the system, or where the sandbox itself is kept',
  needed,
  async () => {
    const path = join(outside, 'key');
    assert.equal(await inSandbox('read a file', path, { readOnly: [outside] }), 'succeeded: a private key\n');
    const refused = /^failed: (EROFS|EACCES|ENOENT)/;
    assert.match(await inSandbox('write a file', path, { readOnly: [outside] }), /^failed: EROFS/);
    for (const target of [
      '/usr/x',
      '/etc/x',
      '/x',
      '/dev/x',
      '/sys/x',
      '/proc/sys/kernel/hostname',
      '/proc/sysrq-trigger',
    ])
      assert.match(await inSandbox('write a file', target), refused, target);
    const own = fixture('attacks')[1]!;
    assert.match(await inSandbox('write a file', own), /^failed: EROFS/, 'its own file');
    assert.match(
      await inSandbox('write a file', own, { writable: [join(own, '..')] }),
      /^failed: EROFS/,
      'its own file',
    );
  },
);

test('a plugin writes where it may, and what it puts into /tmp is gone', needed, async () => {
  const target = join(outside, 'other', 'new');
  assert.match(await inSandbox('write a file', target, { writable: [join(outside, 'other')] }), /^succeeded/);
  assert.ok(existsSync(target));
  assert.match(await inSandbox('write a file', '/tmp/rxplug-sandbox-test'), /^succeeded/);
  assert.ok(!existsSync('/tmp/rxplug-sandbox-test'));
});

test('a folder within another one is as it was named', needed, async () => {
  const target = join(outside, 'other', 'inner');
  const nested = { readOnly: [outside], writable: [join(outside, 'other')] };
  assert.match(await inSandbox('write a file', target, nested), /^succeeded/);
  assert.match(await inSandbox('write a file', join(outside, 'x'), nested), /^failed: EROFS/);
});

test('a plugin cannot fill the memory of the machine through /tmp or /dev/shm', needed, async () => {
  for (const target of ['/tmp/full', '/dev/shm/full']) {
    assert.match(await inSandbox('fill a file', target), /^succeeded/);
    assert.match(await inSandbox('fill a file', target, { tmpBytes: 1 << 20 }), /^failed: ENOSPC/);
  }
});

test('a plugin finds no variable of the host, not even in the environment of what runs it', needed, async () => {
  const name = 'read what others have in their environment';
  const plain = processRunner({ command: fixture('attacks', name), env: {} });
  assert.match(await outcome(plain), /SECRET_OF_SOMEBODY_ELSE/);
  const found = (await inSandbox(name, '', { env: { NAMED: '1' } })).replace('succeeded: ', '').trim().split(' ');
  assert.deepEqual(
    found.filter((variable) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(variable)),
    ['HOME', 'NAMED', 'OWN', 'PATH', 'RXPLUG_PROCESS_TREE', 'TARGET'],
  );
});

test('a plugin cannot get capabilities in a user namespace of its own', needed, async () => {
  assert.match(await inSandbox('make a user namespace', ''), /^failed: unshare/);
});

test('with the network of the host, a plugin connects as any program', needed, async () => {
  assert.match(await inSandbox('connect by TCP', String(port), { network: 'host' }), /^succeeded/);
});

test('a plugin that uses more memory than it may is ended, and that is told', needed, async () => {
  const bytes = String(400 << 20);
  const command = fixture('attacks', 'use memory');
  const plain = processRunner({ command, env: testEnv({ TARGET: bytes }) });
  assert.match(await outcome(plain), /^succeeded: 400 MiB/);
  const said: string[] = [];
  const logger = { ...EMPTY_SPEC.logger, error: (message: string) => void said.push(message) };
  const options = { command, env: { TARGET: bytes }, memoryBytes: 200 << 20 };
  const runner = await sandboxRunner(options)({ ...EMPTY_SPEC, logger });
  assert.doesNotMatch(await outcome(runner), /succeeded/);
  assert.match(said.join('\n'), /memory .*\(limit 200 MiB\): raise `memoryBytes`/);
  assert.match(await runner.diagnose(), /limit 200 MiB/);
});

test('the same holds for a host that is not root', { skip: needed.skip || process.getuid?.() !== 0 }, async () => {
  const home = mkdtempSync(join('/tmp', 'u'));
  chmodSync(home, 0o777);
  const { NODE_TEST_CONTEXT: _, ...env } = testEnv({ TMPDIR: home, HOME: home });
  const child = spawn(process.execPath, [new URL(import.meta.url).pathname], { uid: 65534, gid: 65534, env });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, (await output).join('\n'));
  rmSync(home, { recursive: true });
});
