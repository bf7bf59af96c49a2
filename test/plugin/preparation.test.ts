import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, PluginError } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

function client(how: string, options: object = {}) {
  return createClient({ name: 'prepared', command: fixture('prepares', how), handshake, plugins, ...options });
}

async function failureOf(how: string): Promise<PluginError> {
  const error = await client(how)
    .start()
    .catch((thrown: unknown) => thrown);
  assert.ok(PluginError.is(error), String(error));
  assertTempDirEmpty();
  return error;
}

test('what a plugin prints while it is prepared is captured, and it learns what its host offers', async () => {
  const prepared = client('serves', { grpcBrokerMultiplex: true, autoMtls: true });
  const logs = lastValueFrom(prepared.logs$.pipe(toArray()));
  const printed = { stdout: '', stderr: '' };
  prepared.syncStdout$.subscribe((chunk) => {
    printed.stdout += Buffer.from(chunk).toString();
  });
  prepared.syncStderr$.subscribe((chunk) => {
    printed.stderr += Buffer.from(chunk).toString();
  });
  await prepared.start();
  const kv = await prepared.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value: Buffer.of(1) }))).revision, 1n);
  await prepared.stop();
  assert.deepEqual(printed, {
    stdout: 'connecting to the database\na native module prints\n',
    stderr: 'no cache yet\n',
  });
  const { fields } = (await logs).find(({ message }) => message === 'prepared')!;
  assert.deepEqual(fields, { versions: [1], multiplexing: true, autoMtls: true, pluginName: 'prepared' });
  assertTempDirEmpty();
});

test('a preparation that fails: what it printed and why it failed reach the host, the reason as one line', async () => {
  const { code, details } = await failureOf('throws');
  const stderr = details.stderr ?? [];
  assert.equal(code, 'ERR_EXITED_EARLY');
  for (const line of ['connecting to the database', 'a native module prints', 'no cache yet'])
    assert.ok(stderr.includes(line), stderr.join('\n'));
  assert.equal(stderr.filter((line) => line.includes('"the plugin cannot be served: no database"')).length, 1);
  assert.ok(stderr.some((line) => line.includes('[cause]: Error: ECONNREFUSED')));
});

test('a prepared plugin that has another cookie ends as any other', async () => {
  const { details } = await failureOf('forgets the cookie');
  assert.equal(details.exitCode, 1);
  assert.match(details.stderr?.at(-1) ?? '', /not meant to be run directly \(RXPLUG_TEST has another value/);
});
