import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { filter, firstValueFrom, map, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { formatTerminalLine } from '../../src/host/output/terminal-line.js';
import { createClient, type LogEntry, type LogSink, terminalSink } from '../../src/index.js';
import { testEnv } from '../fixtures/fixture.js';
import { waiting } from '../support/waiting.js';

const script = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const options = { command: [process.execPath, script], handshake, plugins };
const line = {
  time: new Date(2026, 0, 2, 3, 4, 5, 67),
  name: 'kv',
  level: 'info',
  module: '',
  message: 'stored',
  fields: { key: 'planet/mars', text: 'two words', bytes: 3, big: 1n, error: new Error('no'), list: [1n], empty: '' },
} as const;

test('an entry is a line with time, level, name, module, message and fields', () => {
  assert.equal(
    formatTerminalLine(line, { colour: false }),
    '03:04:05.067 info  kv: stored key=planet/mars text="two words" bytes=3 big=1 error="no" list=["1"] empty=""',
  );
  const named = { ...line, module: 'store', fields: {}, level: 'error' as const };
  assert.equal(formatTerminalLine(named, { colour: false }), '03:04:05.067 error kv store: stored');
  assert.equal(
    formatTerminalLine({ ...named, module: 'kv' }, { colour: true }),
    '\x1b[2m03:04:05.067\x1b[0m \x1b[31merror\x1b[0m kv: stored',
  );
});

test('what a plugin writes cannot move the cursor, nor begin a line', () => {
  const message = 'a\x1b[2Jb\r\nsecond\tline\u2028';
  const fields = { 'k\n': '\x07', cycle: {} as Record<string, unknown> };
  fields.cycle['self'] = fields.cycle;
  assert.equal(
    formatTerminalLine({ ...line, name: 'k\x1bv', message, fields }, { colour: false }),
    '03:04:05.067 info  k\\u001bv: a\\u001b[2Jb\n  second  line\\u2028 k\\u000a="\\u0007" cycle=[object]',
  );
});

const entry = (level: LogEntry['level']): LogEntry => ({
  ...line,
  level,
  fields: {},
  kind: 'hclog',
  timestamp: undefined,
  raw: '',
});

/** What a sink writes for an entry of each level. */
async function written(isTTY: boolean, make: (stream: PassThrough) => LogSink): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const sink = make(stream);
  for (const level of ['debug', 'info', 'warn'] as const) sink.write(entry(level), { name: 'kv', id: '1' });
  stream.end();
  return await text(stream);
}

test('levels below the lowest are left out; there are colours on a terminal without NO_COLOR', async (t) => {
  const before = process.env['NO_COLOR'];
  delete process.env['NO_COLOR'];
  t.after(() => {
    if (before !== undefined) process.env['NO_COLOR'] = before;
    else delete process.env['NO_COLOR'];
  });
  assert.match(
    await written(false, (stream) => terminalSink({ stream })),
    /^\S+ info  kv: stored\n\S+ warn  kv: stored\n$/,
  );
  assert.match(await written(false, (stream) => terminalSink({ stream, level: 'warn' })), /^\S+ warn  kv: stored\n$/);
  const colours = (output: string) => output.includes('\x1b[33mwarn');
  assert.ok(colours(await written(true, (stream) => terminalSink({ stream }))));
  assert.ok(colours(await written(false, (stream) => terminalSink({ stream, colour: true }))));
  process.env['NO_COLOR'] = '1';
  assert.ok(!colours(await written(true, (stream) => terminalSink({ stream }))));
});

test('the option logSink receives what logs$ has', async () => {
  const entries: [message: string, name: string][] = [];
  const logSink: LogSink = { write: ({ message }, { name }) => void entries.push([message, name]) };
  const client = createClient({ ...options, name: 'kv', logSink });
  const logged = firstValueFrom(
    client.logs$.pipe(
      map(({ message }) => [message, 'kv']),
      toArray(),
    ),
  );
  await client.start();
  await client.stop();
  assert.deepEqual(entries, await logged);
  for (const wrong of ['info', 'plugin.log', () => {}] as unknown as LogSink[])
    assert.throws(() => createClient({ ...options, logSink: wrong }), { code: 'ERR_OPTIONS', message: /`logSink`/ });
});

test("with output: 'log' each line that the plugin prints is an entry, the last without an ending too", async () => {
  const program = `
    import { serve } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
    import { KvStore } from ${JSON.stringify(new URL('../../examples/grpc-kv/kv-store.js', import.meta.url).href)};
    const handshake = ${JSON.stringify(handshake)};
    const onShutdown = () => { console.log('first\\nsecond'); process.stderr.write('no ending'); };
    await serve({ handshake, plugins: { kv: KvStore }, onShutdown });`;
  const command = [process.execPath, '--input-type=module', '--eval', program];
  const client = createClient({ ...options, command, output: 'log' });
  const printed = firstValueFrom(
    client.logs$.pipe(
      filter(({ module }) => module.startsWith('std')),
      map(({ level, module, message }) => `${level} ${module} ${message}`),
      toArray(),
    ),
  );
  await client.start();
  await client.stop();
  assert.deepEqual((await printed).toSorted(), ['info stderr no ending', 'info stdout first', 'info stdout second']);
  assert.throws(() => createClient({ ...options, output: 'console' as 'log' }), {
    code: 'ERR_OPTIONS',
    message: /`output`.*'inherit', 'log' or 'ignore'.*"console"/,
  });
});

test("with output: 'inherit' a host prints what its plugin prints, and by default nothing", async () => {
  for (const [output, expected] of [
    ['inherit', 'closing the store\n'],
    [undefined, ''],
  ]) {
    const host = `
      import { createClient } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
      import { handshake, plugins } from ${JSON.stringify(new URL('../../examples/grpc-kv/contract.js', import.meta.url).href)};
      const client = createClient({ command: [process.execPath, ${JSON.stringify(script)}], handshake, plugins, output: ${JSON.stringify(output)} });
      await client.start();
      await client.stop();`;
    const args = ['--input-type=module', '--eval', host];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: testEnv() });
    assert.equal(stdout, expected);
  }
});

test('long work says what it waits for, on a terminal in a line that goes away; short work says nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  for (const [isTTY, says] of [
    [false, /^Building …\nBuilding: done after \d+ s\n$/],
    [true, /Building: \d+ s.*Building: \d+ s.*\[2K$/s],
  ] as const) {
    const stream = Object.assign(new PassThrough(), { isTTY });
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = waiting('Building', work, { stream });
    t.mock.timers.tick(1000);
    t.mock.timers.tick(1000);
    finish();
    await done;
    await waiting('Nothing', Promise.resolve(), { stream });
    stream.end();
    assert.match(await text(stream), says);
  }
});
