import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KVDefinition } from '../../examples/gen/kv.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, PluginError } from '../../src/index.js';

const command = [process.execPath, 'plugin.js'] as const;
const options = { command, handshake, plugins };
const { signal } = new AbortController();

/** As from JavaScript: without a compiler that would have refused them. */
const refused: readonly (readonly [title: string, options: object, says: RegExp])[] = [
  ['nothing to run', { command: undefined }, /exactly one of.*`command`.*none/],
  ['two things to run', { runner: () => ({ signal }) }, /exactly one of.*command and runner/],
  ['an empty command', { command: [] }, /`command`.*non-empty array of strings/],
  ['a command line', { command: 'node plugin.js' }, /`command`.*non-empty array of strings/],
  ['no plugins', { plugins: undefined }, /`plugins` or `versionedPlugins`/],
  ['a definition in the place of a contract', { plugins: { kv: KVDefinition } }, /`kv`.*version 1.*`grpcPlugin`/],
  ['a version that is none', { versionedPlugins: { latest: plugins } }, /version.*integer.*latest/],
  ['no handshake', { handshake: undefined }, /`handshake.magicCookieKey`/],
  ['an empty cookie', { handshake: { ...handshake, magicCookieValue: '' } }, /`handshake.magicCookieValue`/],
  [
    'a fractional base version',
    { handshake: { ...handshake, protocolVersion: 1.5 } },
    /`handshake.protocolVersion`.*1\.5/,
  ],
  ['an unknown protocol', { allowedProtocols: ['http'] }, /`allowedProtocols`.*"http"/],
  ['a negative start timeout', { startTimeoutMs: -1 }, /`startTimeoutMs`.*-1/],
  ['an endless start timeout', { startTimeoutMs: Number.POSITIVE_INFINITY }, /`startTimeoutMs`.*Infinity/],
  ['a stop grace that is text', { stopGraceMs: '2000' }, /`stopGraceMs`.*2000 \(string\)/],
  ['a ping timeout that is no number', { pingTimeoutMs: Number.NaN }, /`pingTimeoutMs`.*NaN/],
  ['ports the wrong way round', { ports: { min: 2, max: 1 } }, /`ports`.*2 and 1/],
  ['a port that is none', { ports: { min: 0, max: 65_536 } }, /`ports`.*65536/],
  ['log lines of no length', { maxLogLineBytes: 0 }, /`maxLogLineBytes`.*at least 16.*0/],
];

for (const [title, wrong, says] of refused) {
  test(`${title} is refused by name, before anything is started`, () => {
    assert.throws(
      () => createClient({ ...options, ...wrong } as ClientOptions),
      (error) => PluginError.is(error) && error.code === 'ERR_OPTIONS' && says.test(error.message),
    );
  });
}

test('the caller’s options are not changed, and may be frozen', async () => {
  const frozen = Object.freeze({
    ...options,
    env: Object.freeze({ A: '1' }),
    ports: Object.freeze({ min: 1, max: 2 }),
  });
  const client = createClient(frozen);
  await client.stop();
  assert.deepEqual(frozen.env, { A: '1' });
});
