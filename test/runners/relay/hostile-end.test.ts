import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { lastValueFrom } from 'rxjs';
import { relayRunner } from '../../../src/relay.js';
import { Forwards } from '../../../src/runners/relay/forwards.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { fixture } from '../../fixtures/fixture.js';
import { within } from '../../support/defer.js';
import { ownTempDir } from '../../support/own-temp-dir.js';
import { RELAY_FILE } from '../../support/relay-file.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { socketPair } from '../../support/socket-pair.js';

const linuxOnly = { skip: process.platform !== 'linux' && 'processes are found by /proc' };
const assertTempDirEmpty = ownTempDir();

/** What a far end may say in the place of an answer to `run`. */
const ANSWERS = [
  'no JSON',
  'null',
  '{"kind":"constructor"}',
  '{"kind":"started","id":5,"socketDir":{}}',
  '{"kind":"failed","code":1,"message":null}',
  '{"kind":"exit","exit":null}',
  '{"kind":"exit","exit":{"code":"0","signal":null},"diagnosis":""}',
  'endless line',
  'garbage',
  'huge frame',
];

for (const answer of ANSWERS) {
  test(`a far end that says ${JSON.stringify(answer)} fails the start, and nothing is left`, linuxOnly, async () => {
    const [node, ...relay] = fixture('far-end', answer);
    const runner = await relayRunner({ carrier: [node], relay: relay as [string], command: ['/no/matter'] })(
      EMPTY_SPEC,
    );
    const starting = runner.start({ signal: new AbortController().signal });
    await within(20_000, 'the end of the start', assert.rejects(starting, { name: /^(StartError|ProtocolError)$/ }));
    assert.deepEqual(await lastValueFrom(runner.exit$), { code: null, signal: null });
    assertTempDirEmpty();
  });
}

/** What a host may say in the place of a request. */
const REQUESTS = [
  'no JSON',
  '{"kind":"run"}',
  '{"kind":"run","command":[],"env":{}}',
  '{"kind":"run","command":["/bin/true"],"env":{"A":1}}',
  '{"kind":"run","command":"/bin/true","env":null}',
  '{"kind":"dial","address":null}',
  '{"kind":"dial","address":{"network":"unix","address":"/no/such/socket"}}',
  '{"kind":"listen"}',
  '{"kind":"kill"}',
  '{"kind":"toString"}',
];

test('a far end refuses what is no request, goes on, and ends with the link', linuxOnly, async () => {
  await using far = await startFarEnd();
  for (const request of REQUESTS) {
    const stream = await far.session.open();
    stream.on('error', () => {});
    stream.resume();
    const ended = new Promise<void>((resolve) => stream.once('close', resolve));
    stream.write(`${request}\n`);
    await within(20_000, `the end of ${request}`, ended);
  }
  const long = await far.session.open();
  const refused = new Promise<void>((resolve) => long.once('error', () => resolve()).once('close', () => resolve()));
  const chunk = Buffer.alloc(1 << 20, 'x');
  for (let count = 0; count < 8; count++) long.write(chunk);
  await within(20_000, 'the end of a line that is too long', refused);
  await far.session.ping();
});

test('a far end that gets random bytes ends', linuxOnly, async () => {
  const far = spawn(process.execPath, [RELAY_FILE], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(far.stdout, 'data');
  far.stdout.resume();
  far.stdin.on('error', () => {});
  const ended = once(far, 'exit');
  for (let count = 0; count < 16; count++) far.stdin.write(randomBytes(4096));
  await within(20_000, 'its end', ended);
});

test('a far end that does not answer fails a listen and a dial within a bound', async () => {
  const [near, far] = await socketPair();
  const session = createYamuxSession(near, { role: 'client' });
  const silent = createYamuxSession(far, { role: 'server' });
  silent.stream$.subscribe((stream) => void stream.on('error', () => {}).resume());
  const forwards = new Forwards(session, process.env['TMPDIR'] ?? '', 100);
  await assert.rejects(async () => await forwards.hostToPlugin({ network: 'unix', address: '/a' }), {
    code: 'ERR_CONNECTION_LOST',
    message: /did not answer within 100 ms/,
  });
  const { address } = await forwards.pluginToHost({ network: 'unix', address: '/b' });
  const socket = connect(address);
  await within(20_000, 'the end of the connection', once(socket, 'close'));
  await forwards.close();
  await session.close();
  await silent.close();
  assertTempDirEmpty();
});

async function startFarEnd(): Promise<AsyncDisposable & { readonly session: YamuxSession }> {
  const far = spawn(process.execPath, [RELAY_FILE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(far, 'exit');
  const [first] = (await once(far.stdout, 'data')) as [Buffer];
  assert.equal(first.toString(), 'rxplug-relay 1\n');
  const connection = Duplex.from({ readable: far.stdout, writable: far.stdin }) as Duplex;
  const session = createYamuxSession(connection, { role: 'client' });
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      await within(20_000, 'the end of the far end', ended);
    },
  };
}
