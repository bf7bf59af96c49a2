import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { firstValueFrom, lastValueFrom, reduce } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, type PluginClient } from '../../src/index.js';
import { fixture, testEnv } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const cookie = { RXPLUG_TEST: 'yes' };
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

const children: PluginProcess[] = [];
after(() => children.forEach((child) => child.process.kill('SIGKILL')));

/** A plugin process with nothing between it and the test. */
class PluginProcess {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(behaviour: object, env: Record<string, string>) {
    const [file, ...args] = fixture('serves', JSON.stringify(behaviour));
    this.process = spawn(file, args, { env: testEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.process.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    children.push(this);
  }

  async firstLine(): Promise<string> {
    while (!this.stdout.includes('\n')) await once(this.process.stdout!, 'data');
    return this.stdout.slice(0, this.stdout.indexOf('\n'));
  }

  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) await once(this.process.stderr!, 'data');
  }

  /** Resolves with exit code and signal once all output is there. */
  async end(signal?: NodeJS.Signals): Promise<unknown[]> {
    const closed = once(this.process, 'close');
    if (signal !== undefined) this.process.kill(signal);
    return await closed;
  }
}

const run = (behaviour: object, env: Record<string, string>) => new PluginProcess(behaviour, env);

for (const [title, env] of [
  ['no cookie', {}],
  ['another cookie', { RXPLUG_TEST: 'no' }],
] as const) {
  test(`P-01 with ${title} a plugin prints on stderr that it is one, and exits with status 1`, async () => {
    const child = run({}, env);
    assert.deepEqual(await child.end(), [1, null]);
    assert.equal(child.stdout, '');
    assert.match(child.stderr, /is a plugin.*not meant to be run directly/s);
  });
}

test('P-02 an empty cookie key is reported as an error of the plugin, with status 1', async () => {
  const child = run({ cookieKey: '' }, cookie);
  assert.deepEqual(await child.end(), [1, null]);
  assert.equal(child.stdout, '');
  assert.match(child.stderr, /misconfigured.*author/s);
});

test('P-03 P-04 P-12 P-17 the handshake is one line of six fields, first on stdout; SIGTERM shuts the plugin down', async () => {
  const socketDir = mkdtempSync(join(tmpdir(), 's'));
  const child = run(
    { printBefore: 'noise\n', printAfter: 'after serve' },
    { ...cookie, PLUGIN_UNIX_SOCKET_DIR: socketDir, PLUGIN_PROTOCOL_VERSIONS: '1' },
  );
  const fields = (await child.firstLine()).split('|');
  assert.deepEqual([...fields.slice(0, 3), ...fields.slice(4)], ['1', '1', 'unix', 'grpc', '']);
  assert.equal(dirname(fields[3]!), socketDir);
  assert.ok(statSync(fields[3]!).isSocket());
  assert.deepEqual(await child.end('SIGTERM'), [0, null]);
  assert.match(child.stderr, /after serve/);
  assert.deepEqual(readdirSync(socketDir), []);
  rmSync(socketDir, { recursive: true });
});

test('P-05 field 7 is printed for any value of PLUGIN_MULTIPLEX_GRPC', async () => {
  const child = run({}, { ...cookie, PLUGIN_MULTIPLEX_GRPC: 'false' });
  assert.match(await child.firstLine(), /\|grpc\|\|true$/);
  await child.end('SIGTERM');
});

for (const [offered, announced] of [
  ['5,3', '5'],
  ['2,3,x', '3'],
  ['9', '2'],
  ['', '2'],
] as const) {
  test(`P-07 P-08 P-09 of versions 2, 3 and 5 a host that offers "${offered}" gets ${announced}`, async () => {
    const child = run({ versions: [3, 5, 2] }, { ...cookie, PLUGIN_PROTOCOL_VERSIONS: offered });
    assert.equal((await child.firstLine()).split('|')[1], announced);
    await child.end('SIGTERM');
  });
}

test('P-14 a plugin asked for TCP listens on loopback within the range', async () => {
  const child = run({ network: 'tcp' }, { ...cookie, PLUGIN_MIN_PORT: '20000', PLUGIN_MAX_PORT: '21000' });
  const [, , network, address] = (await child.firstLine()).split('|');
  assert.equal(network, 'tcp');
  const [host, port] = address!.split(':');
  assert.equal(host, '127.0.0.1');
  assert.ok(Number(port) >= 20_000 && Number(port) <= 21_000);
  await child.end('SIGTERM');
});

test('P-15 serving fails with a malformed range of ports, without a handshake', async () => {
  const child = run({ network: 'tcp' }, { ...cookie, PLUGIN_MIN_PORT: '21000', PLUGIN_MAX_PORT: '20000' });
  const [code] = await child.end();
  assert.notEqual(code, 0);
  assert.equal(child.stdout, '');
  assert.match(child.stderr, /"@level":"error".*cannot be served/);
});

test('P-16 an interrupt does not end a serving plugin', async () => {
  const child = run({}, cookie);
  const line = await child.firstLine();
  child.process.kill('SIGINT');
  await child.says(/interrupt ignored/);
  const socket = connect(line.split('|')[3]!);
  await once(socket, 'connect');
  socket.destroy();
  assert.deepEqual(await child.end('SIGTERM'), [0, null]);
});

async function started(behaviour: object): Promise<PluginClient<typeof plugins>> {
  const client = createClient({ command: fixture('serves', JSON.stringify(behaviour)), handshake, plugins });
  await client.start();
  return client;
}

const textOf = (chunks$: PluginClient['syncStdout$']) =>
  lastValueFrom(chunks$.pipe(reduce((all, chunk) => all + Buffer.from(chunk).toString(), '')));

test('P-18 output of the program reaches the host, also what it printed before serving', async () => {
  const client = createClient({
    command: fixture('serves', JSON.stringify({ printBefore: 'early\n' })),
    handshake,
    plugins,
  });
  const stdout = textOf(client.syncStdout$);
  await client.start();
  await client.stop();
  assert.equal(await stdout, 'early\n');
});

test('output of a shutdown hook reaches the host', async () => {
  const client = await started({ onShutdown: 'print' });
  const stdout = textOf(client.syncStdout$);
  await client.stop();
  assert.equal(await stdout, 'last words\n');
  assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
});

for (const onShutdown of ['hang', 'throw'] as const) {
  test(`a shutdown hook that ${onShutdown}s is reported, and the plugin ends`, async () => {
    const client = await started({ onShutdown });
    const reported = firstValueFrom(client.logs$.pipe(reduce((all, entry) => `${all}${entry.message}\n`, '')));
    await client.stop();
    assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
    assert.match(await reported, onShutdown === 'hang' ? /did not finish in time/ : /a shutdown hook failed/);
  });
}

test('K-02 a plugin with a busy event loop ends on request, and is not killed', async () => {
  const client = await started({ keepAlive: true });
  await client.stop();
  assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
  assertTempDirEmpty();
});
