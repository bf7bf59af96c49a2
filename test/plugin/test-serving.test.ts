import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, take, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { KvStore } from '../../examples/grpc-kv/kv-store.js';
import { createClient, createLogger, type PluginClient, PluginError, serveTest } from '../../src/index.js';
import { watchResources } from '../support/active-resources.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const assertNothingLeft = watchResources();
const logger = createLogger({ write: () => {} });
const options = { handshake, plugins: { kv: KvStore }, logger };
const bounded = <T>(what: string, promise: Promise<T>) => within(15_000, what, promise);

/** What stands for writing to the standard streams. */
function writesOf({ stdout, stderr }: NodeJS.Process): unknown[] {
  return [stdout, stderr].map((stream) => Reflect.get(stream, 'write') as unknown);
}

async function converse(client: PluginClient<typeof plugins>): Promise<string> {
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('in this process') }));
  return Buffer.from((await firstValueFrom(kv.get({ key: 'a' }))).value).toString();
}

test('K-13 a plugin in test mode gives its reattach config as a value, and ends by the signal', async () => {
  const abort = new AbortController();
  const versions = { 2: { kv: KvStore }, 3: { kv: KvStore } };
  process.env['PLUGIN_PROTOCOL_VERSIONS'] = '1,2';
  const served = await serveTest({ handshake, versionedPlugins: versions, logger }, { signal: abort.signal });
  delete process.env['PLUGIN_PROTOCOL_VERSIONS'];
  const { address, ...config } = JSON.parse(JSON.stringify(served.reattach)) as typeof served.reattach;
  assert.deepEqual(config, { protocol: 'grpc', protocolVersion: 2, network: 'unix', pid: process.pid, test: true });
  const client = createClient({ reattach: served.reattach, handshake, versionedPlugins: { 2: plugins } });
  await client.start();
  assert.equal(client.negotiatedVersion, 2);
  assert.equal(await converse(client), 'in this process');
  abort.abort();
  await bounded('the end', served.ended);
  await client.stop();
  assert.notEqual(address, '');
  assertTempDirEmpty();
});

test('K-11 a host that stops leaves the plugin running for the next host', async () => {
  await using served = await serveTest(options);
  for (let host = 0; host < 2; host++) {
    const client = createClient({ reattach: served.reattach, handshake, plugins });
    await client.start();
    assert.equal(await converse(client), 'in this process');
    await client.stop();
    assert.equal((await firstValueFrom(client.state$)).status, 'exited');
  }
  await served.close();
  await served.close();
  const late = createClient({ reattach: served.reattach, handshake, plugins });
  await assert.rejects(late.start(), (error) => PluginError.is(error) && error.code === 'ERR_PROCESS_NOT_FOUND');
  assertTempDirEmpty();
});

test('cookie, signal handlers and standard streams are left as they are', async () => {
  const before = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'), ...writesOf(process)];
  assert.equal(process.env[handshake.magicCookieKey], undefined);
  await using served = await serveTest(options);
  const during = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'), ...writesOf(process)];
  assert.deepEqual(during, before);
  await served.close();
});

test('with syncStdio a host and the real stream get what this process prints; afterwards the stream is restored', async () => {
  const printed: string[] = [];
  // What goes to the real stream is seen by standing in for it.
  process.stderr.write = ((text: string) => printed.push(text) > 0) as NodeJS.WriteStream['write'];
  const standIn = writesOf(process);
  try {
    const served = await serveTest(options, { syncStdio: true });
    const client = createClient({ reattach: served.reattach, handshake, plugins });
    const heard = firstValueFrom(client.syncStderr$.pipe(take(1), toArray()));
    await client.start();
    process.stderr.write('for both\n');
    const [chunk] = await bounded('the output', heard);
    assert.equal(Buffer.from(chunk!).toString(), 'for both\n');
    await client.stop();
    await served.close();
    assert.deepEqual(writesOf(process), standIn);
    assert.deepEqual(printed, ['for both\n']);
  } finally {
    Reflect.deleteProperty(process.stderr, 'write');
  }
});

test('a failing serve rejects, and no output stays captured', async () => {
  const before = writesOf(process);
  process.env['PLUGIN_UNIX_SOCKET_DIR'] = '/nowhere/at/all';
  const serving = serveTest(options, { syncStdio: true });
  await assert.rejects(serving, (error) => PluginError.is(error) && error.code === 'ERR_LISTEN');
  delete process.env['PLUGIN_UNIX_SOCKET_DIR'];
  assert.deepEqual(writesOf(process), before);
  const reason = new Error('not today');
  await assert.rejects(serveTest(options, { signal: AbortSignal.abort(reason) }), reason);
});

test('hooks run at the end, and their errors are logged', async () => {
  const said: string[] = [];
  const loud = createLogger({ write: ({ message }) => void said.push(message) });
  const onShutdown = () => {
    said.push('hook');
    throw new Error('a bad hook');
  };
  const served = await serveTest({ ...options, logger: loud, onShutdown });
  await served.close();
  assert.deepEqual(
    said.filter((message) => /hook/.test(message)),
    ['hook', 'a shutdown hook failed'],
  );
});

test('afterwards nothing keeps the process alive', assertNothingLeft);
