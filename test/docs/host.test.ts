import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { filter, firstValueFrom, lastValueFrom, NEVER, retry, switchMap, takeUntil } from 'rxjs';
import { backoff, createClient, launch, type PluginClient, PluginError, terminalSink } from 'rxplug';

import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { fixture } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
const pluginFile = example('grpc-kv/plugin');
const command: [string, ...string[]] = [process.execPath, pluginFile];
const bytes = (value: string) => new TextEncoder().encode(value);

/** Runs with a started client of the key-value store, and stops it. */
async function withClient(use: (client: PluginClient<typeof plugins>) => Promise<void>): Promise<void> {
  await using client = createClient({ command, handshake, plugins });
  await client.start();
  await use(client);
}

test('how do I start a plugin', async () => {
  // #region start
  await using client = createClient({ command: [process.execPath, pluginFile], handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  // #endregion start
  assert.equal(typeof kv.get, 'function');
});

test('how do I see its logs', async () => {
  const client = createClient({ command, handshake, plugins });
  const output: string[] = [];
  // #region logs
  client.logs$
    .pipe(filter(({ level }) => level !== 'trace' && level !== 'debug'))
    .subscribe(({ level, module, message, fields }) => {
      output.push(`${level} ${module}: ${message} ${JSON.stringify(fields)}`);
    });
  await client.start();
  // #endregion logs
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }));
  await client.stop();
  assert.ok(output.includes('info kv: stored {"bytes":1,"key":"a","revision":1}'), output.join('\n'));
});

const printing = { command: fixture('serves', JSON.stringify({ printBefore: 'hello\n' })), plugins };
const printingHandshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

test('how do I see its output', async () => {
  const client = createClient({ ...printing, handshake: printingHandshake });
  const decoder = new TextDecoder();
  const output: string[] = [];
  // #region sync-stdout
  client.syncStdout$.subscribe((chunk) => output.push(decoder.decode(chunk, { stream: true })));
  await client.start();
  // #endregion sync-stdout
  await client.stop();
  assert.equal(output.join(''), 'hello\n');
});

test('how do I read its output slowly', async () => {
  const client = createClient({ ...printing, handshake: printingHandshake });
  const destination = new PassThrough();
  // #region sync-stdout-slow
  client.syncStdout.pipe(destination);
  await client.start();
  // #endregion sync-stdout-slow
  await client.stop();
  assert.equal(await text(destination), 'hello\n');
});

test('how do I see all of it in the terminal', async () => {
  // #region terminal
  const client = createClient({
    command,
    handshake,
    plugins,
    logSink: terminalSink({ level: 'debug' }), // 12:34:56.789 info  plugin kv: stored key=a bytes=1
    output: 'inherit', // what it prints, as it is; 'log' makes log entries of the lines
  });
  // #endregion terminal
  await client.stop();
});

test('how do I get the bytes of its stderr', async () => {
  const sink = new PassThrough();
  // #region stderr
  const client = createClient({ command, handshake, plugins, stderr: sink });
  // #endregion stderr
  const line = firstValueFrom(client.logs$.pipe(filter(({ module }) => !module.startsWith('rxplug'))));
  await client.start();
  await client.stop();
  sink.end();
  assert.ok((await text(sink)).includes((await line).raw));
});

test('how do I know its state', async () => {
  const client = createClient({ command, handshake, plugins });
  const output: string[] = [];
  // #region state
  client.state$.subscribe((state) => {
    if (state.status === 'starting') output.push(`starting: ${state.phase}`);
    else if (state.status === 'running') output.push(`running: ${state.protocol}, version ${state.protocolVersion}`);
    else if (state.status === 'exited') output.push(`exited: ${state.reason.kind}, code ${state.exit?.code}`);
  });
  await client.start();
  await client.ping();
  await client.stop();
  // #endregion state
  assert.deepEqual(output, [
    'starting: launching',
    'starting: handshaking',
    'starting: connecting',
    'running: grpc, version 1',
    'exited: stopped, code 0',
  ]);
});

test('why does my plugin not start', async () => {
  const output: string[] = [];
  const broken = 'console.error("no licence found"); process.exit(3)';
  // #region start-error
  const client = createClient({ command: [process.execPath, '-e', broken], handshake, plugins });
  try {
    await client.start();
  } catch (error) {
    if (!PluginError.is(error)) throw error;
    const { exitCode, stderr = [] } = error.details;
    output.push(`${error.code}: exit code ${exitCode}, last line: ${stderr.at(-1)}`);
  }
  // #endregion start-error
  assert.deepEqual(output, ['ERR_EXITED_EARLY: exit code 3, last line: no licence found']);
  assertTempDirEmpty();
});

test('how do I handle a crash', async () => {
  await withClient(async (client) => {
    client.ref();
    const output: string[] = [];
    // #region crash
    client.state$.subscribe((state) => {
      if (state.status !== 'exited' || state.reason.kind !== 'crashed') return;
      output.push(`crashed: ${state.exit?.signal ?? state.exit?.code}`);
      output.push(...client.lastStderr);
    });
    // #endregion crash
    process.kill(Number(client.id), 'SIGKILL');
    await lastValueFrom(client.state$);
    assert.equal(output[0], 'crashed: SIGKILL');
    assert.ok(output.length > 1);
  });
});

test('how do I restart it after a crash', async () => {
  const signal = NEVER;
  // #region retry
  const stored$ = launch({ command, handshake, plugins }).pipe(
    switchMap((client) => client.dispense('kv')),
    switchMap((kv) => kv.put({ key: 'a', value: bytes('1') })),
    retry({ delay: backoff({ initialMs: 100, maxMs: 30_000, resetAfterMs: 60_000 }) }),
    takeUntil(signal),
  );
  const { revision } = await firstValueFrom(stored$);
  // #endregion retry
  assert.equal(revision, 1n);
});

test('how do I stop it', async () => {
  const use = async (_client: PluginClient<typeof plugins>) => {};
  // #region stop
  {
    await using client = createClient({ command, handshake, plugins });
    await client.start();
    await use(client);
  } // the plugin is stopped here, also after an exception
  // #endregion stop
  assertTempDirEmpty();
});
