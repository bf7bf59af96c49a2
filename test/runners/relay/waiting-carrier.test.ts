import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom, map } from 'rxjs';
import { plugins } from '../../../examples/grpc-kv/contract.js';
import { createClient } from '../../../src/index.js';
import { relayRunner } from '../../../src/relay.js';
import { within } from '../../support/defer.js';
import { ownTempDir } from '../../support/own-temp-dir.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';

const posixOnly = { skip: process.platform === 'win32' && 'the carrier is a shell' };
const assertTempDirEmpty = ownTempDir();

/** A client whose carrier is a script of the shell. */
function carriedBy(script: string, options: { readonly startTimeoutMs?: number } = {}) {
  const client = createClient({
    runner: relayRunner({ carrier: ['/bin/sh', '-c', script], command: ['/no/matter'] }),
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' },
    plugins: { kv: plugins.kv },
    ...options,
  });
  const messages$ = client.logs$.pipe(map(({ message }) => message));
  const told = (text: string) =>
    within(20_000, text, firstValueFrom(messages$.pipe(filter((message) => message.includes(text)))));
  return { client, told };
}

const PROMPT = "printf 'hello\\n' >&2; printf 'Password for ada: ' >&2; read -r answer; exit 3";

test('a carrier that asks for something is told while it waits, and again with its last words', posixOnly, async () => {
  const { client, told } = carriedBy(PROMPT);
  const all = Promise.all([
    told('/bin/sh: hello'),
    told('/bin/sh: Password for ada:'),
    told('Waiting for the carrier /bin/sh: it has said "Password for ada:".'),
  ]);
  const starting = client.start();
  await Promise.race([all, starting]);
  const stopped = assert.rejects(starting, { code: 'ERR_START_ABORTED' });
  await client.stop();
  await stopped;
  assertTempDirEmpty();
});

test('a prompt on stdout is told as well', posixOnly, async () => {
  const { client, told } = carriedBy("printf 'Verification code: '; read -r answer");
  const prompted = told('/bin/sh: Verification code:');
  const stopped = assert.rejects(client.start(), { code: 'ERR_START_ABORTED' });
  await prompted;
  await client.stop();
  await stopped;
});

test('a start that ends while the carrier waits fails with its words', posixOnly, async () => {
  const { client } = carriedBy(PROMPT, { startTimeoutMs: 1_000 });
  await assert.rejects(client.start(), {
    code: 'ERR_SPAWN',
    message: /did not start the far end within the time of the start\. \/bin\/sh said "hello\\nPassword for ada:"\./,
  });
  assertTempDirEmpty();
});

test('an endless greeting ends the start', posixOnly, async () => {
  const { client } = carriedBy('while :; do echo welcome; done');
  await assert.rejects(client.start(), { code: 'ERR_SPAWN', message: /It printed "…?welcome/ });
  const { client: other } = carriedBy("head -c 200000 /dev/zero | tr '\\0' x; read -r answer");
  await assert.rejects(other.start(), { code: 'ERR_SPAWN' });
  assertTempDirEmpty();
});

test('a runner that is killed while its carrier waits ends', posixOnly, async () => {
  const runner = await relayRunner({ carrier: ['/bin/sh', '-c', 'read -r answer'], command: ['/no/matter'] })(
    EMPTY_SPEC,
  );
  const started = assert.rejects(runner.start({ signal: new AbortController().signal }), { code: 'ERR_SPAWN' });
  await within(20_000, 'the end', runner.kill());
  await started;
});

test('a far end of another version is told at once', posixOnly, async () => {
  const { client } = carriedBy("echo 'Welcome!'; echo rxplug-relay 27; read -r answer");
  await assert.rejects(client.start(), {
    code: 'ERR_SPAWN',
    message: /speaks another version: it printed "rxplug-relay 27", and "rxplug-relay 1" was expected\./,
  });
  assertTempDirEmpty();
});

test('a far end that begins and then says nothing ends with the time of the start', posixOnly, async () => {
  const { client } = carriedBy('echo rxplug-relay 1; read -r answer; sleep 600', { startTimeoutMs: 500 });
  await assert.rejects(client.start(), { code: 'ERR_START_TIMEOUT', message: /was not ready within 500 ms/ });
  assertTempDirEmpty();
});
