import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, PluginError } from '../../src/index.js';
import { type FixtureName, fixture } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

interface Expectation {
  readonly name: FixtureName;
  readonly args?: readonly string[];
  readonly options?: Partial<ClientOptions>;
  readonly code: string;
  /** What the error must say, besides its code. */
  readonly says: RegExp;
  readonly details?: (details: PluginError['details']) => void;
}

const expectations: readonly Expectation[] = [
  {
    name: 'prints-garbage',
    code: 'ERR_HANDSHAKE_UNRECOGNIZED',
    says: /Usage: prints-garbage/,
    details: ({ text, diagnosis }) => {
      assert.equal(text, 'Usage: prints-garbage [options]');
      assert.equal(typeof diagnosis, 'string');
    },
  },
  { name: 'prints-nothing', code: 'ERR_HANDSHAKE_NO_LINE', says: /handshake/ },
  {
    name: 'half-a-line',
    code: 'ERR_PROTOCOL_NOT_ALLOWED',
    says: /names no protocol in its handshake, which means "netrpc"/,
    details: ({ text }) => assert.equal(text, '1|1|unix|/tmp/pl'),
  },
  {
    name: 'half-a-line',
    args: ['hang'],
    options: { startTimeoutMs: 4000 },
    code: 'ERR_START_TIMEOUT',
    says: /4000 ms.*"1\|1\|unix\|\/tmp\/pl" and no line break/,
    details: ({ text, diagnosis }) => {
      assert.equal(text, '1|1|unix|/tmp/pl');
      assert.equal(typeof diagnosis, 'string');
    },
  },
  { name: 'endless-line', code: 'ERR_HANDSHAKE_LINE_TOO_LONG', says: /too long/ },
  {
    name: 'exits-at-once',
    code: 'ERR_EXITED_EARLY',
    says: /exited/,
    details: ({ exitCode }) => assert.equal(typeof exitCode, 'number'),
  },
  { name: 'hangs-before-handshake', options: { startTimeoutMs: 300 }, code: 'ERR_START_TIMEOUT', says: /300 ms/ },
  {
    name: 'floods-stderr',
    options: { startTimeoutMs: 3000 },
    code: 'ERR_START_TIMEOUT',
    says: /3000 ms/,
    details: ({ stderr }) => {
      assert.equal(stderr?.length, 100);
      assert.match(stderr?.[0] ?? '', /^stderr /);
    },
  },
  {
    name: 'wrong-version',
    code: 'ERR_APP_VERSION_MISMATCH',
    says: /99/,
    details: ({ pluginVersion, hostVersions }) => {
      assert.equal(pluginVersion, 99);
      assert.deepEqual(hostVersions, [1]);
    },
  },
  {
    name: 'wrong-core-version',
    code: 'ERR_CORE_VERSION_MISMATCH',
    says: /core/,
    details: ({ text }) => assert.match(text ?? '', /^\d+\|/),
  },
  { name: 'forks-children', code: 'ERR_HANDSHAKE_UNRECOGNIZED', says: /\d+ \d+ \d+/ },
  { name: 'forks-children', args: ['exit'], code: 'ERR_HANDSHAKE_UNRECOGNIZED', says: /\d+ \d+ \d+/ },
  {
    name: 'prints-last-words',
    code: 'ERR_HANDSHAKE_UNRECOGNIZED',
    says: /ooo/,
    details: ({ signal }) => assert.equal(signal, 'SIGKILL'),
  },
  {
    name: 'hangs-in-shutdown',
    options: { startTimeoutMs: 3000 },
    code: 'ERR_START_TIMEOUT',
    says: /handshake names tcp 127\.0\.0\.1:\d+, and the plugin did not answer there within the 3000 ms/,
  },
  {
    name: 'speaks-no-grpc',
    args: ['http1'],
    code: 'ERR_HTTP2_PROTOCOL',
    says: /at tcp 127\.0\.0\.1:\d+ does not speak gRPC: .*Check that/,
  },
  {
    name: 'speaks-no-grpc',
    args: ['ends'],
    code: 'ERR_CONNECTION_LOST',
    says: /at tcp 127\.0\.0\.1:\d+ ended the connection before .*Look at details\.stderr/,
  },
];

for (const { name, args = [], options = {}, code, says, details } of expectations) {
  test(`H-30 ${[name, ...args].join(' ')}: start rejects with ${code} and leaves nothing behind`, async () => {
    const command = fixture(name, ...args);
    const client = createClient({ command, handshake, plugins, ...options } as ClientOptions);
    const error: unknown = await client.start().catch((reason: unknown) => reason);
    assert.ok(PluginError.is(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    details?.(error.details);
    const state = await lastValueFrom(client.state$);
    assert.ok(state.status === 'exited' && state.reason.kind === 'failed' && state.reason.error === error);
    await assertNothingLeft(client.id, error.details.text);
  });
}

/** The fixture that forks prints the pids of its children: none of them may be alive. */
async function assertNothingLeft(id: string, text: string | undefined): Promise<void> {
  assertTempDirEmpty();
  const pids = /^\d+ \d+ \d+$/.test(text ?? '') ? text!.split(' ').map(Number) : [];
  for (const pid of [Number(id), ...pids]) if (pid > 0) await awaitGone(pid);
}

test('the error for a plugin with another cookie has its output in the details, and says what to check', async () => {
  const other = { ...handshake, magicCookieValue: 'no' };
  const client = createClient({ command: fixture('serves'), handshake: other, plugins });
  const error: unknown = await client.start().catch((reason: unknown) => reason);
  assert.ok(PluginError.is(error) && error.code === 'ERR_EXITED_EARLY', String(error));
  assert.match(error.message, /exited with code 1 .*magic cookie/);
  assert.match(error.details.stderr?.join('\n') ?? '', /This program is a plugin/);
});

test('the error for a missing file names it, and says what to do', async () => {
  const client = createClient({ command: ['/nonexistent/plugin'], handshake, plugins });
  await assert.rejects(
    client.start(),
    (error) => PluginError.is(error) && error.code === 'ERR_SPAWN' && error.message.includes('/nonexistent/plugin'),
  );
  assert.equal(client.exited, true);
});

test('the error for a file that is not executable names it, and says what to do', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bad-'));
  try {
    const file = join(directory, 'not-executable');
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
    const client = createClient({ command: [file], handshake, plugins });
    await assert.rejects(
      client.start(),
      (error) => PluginError.is(error) && error.code === 'ERR_SPAWN' && /chmod|execut/.test(error.message),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
