import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lockName } from '../../src/cli/sidecar/name-lock.js';
import { checkSocketRoom } from '../../src/cli/sidecar/socket-room.js';
import { runCli } from './run-cli.js';
import { example, pluginOf, startSidecar, unix, untilThere } from './sidecar-rig.js';

let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sl-'));
});
after(() => rmSync(directory, { recursive: true }));

const sockets = (): string[] => readdirSync(directory).filter((name) => name.includes('.lock'));

/** A socket at which nobody listens, as that of a killed process. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.moved`);
  await once(server, 'listening');
  renameSync(`${path}.moved`, path);
  server.close();
  await once(server, 'close');
}

const refusals = (outcomes: readonly PromiseSettledResult<unknown>[]): string[] =>
  outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));

test('of several that take the name of a killed sidecar in the same moment, one gets it', unix, async () => {
  await leaveSocket(join(directory, '.kv.lock.1'));
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockName(directory, 'kv')));
  const refused = refusals(outcomes);
  assert.equal(refused.length, 7);
  for (const reason of refused) assert.match(reason, /Another sidecar keeps the name kv/);
  await assert.rejects(lockName(directory, 'kv'), /Another sidecar keeps the name kv/);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value();
  (await lockName(directory, 'kv'))();
  assert.deepEqual(sockets(), []);
});

test('a folder whose path leaves no room for sockets is told before any is made', unix, () => {
  assert.throws(() => checkSocketRoom(`/${'d'.repeat(70)}`, 'kv'), /Expected a shorter --dir: .* would have 110 bytes/);
  checkSocketRoom(`/${'d'.repeat(60)}`, 'kv');
});

test('a name that begins like another one is another one', unix, async () => {
  const names = ['kv', 'kv.lock', 'kv.lock.1', 'kv.lock.1.lock'];
  const locks = await Promise.all(names.map((name) => lockName(directory, name)));
  for (const name of names) await assert.rejects(lockName(directory, name), /keeps the name/);
  for (const unlock of locks) unlock();
  assert.deepEqual(sockets(), []);
});

test('of two sidecars that begin when one was killed, one publishes, and the other is refused', unix, async () => {
  await using killed = startSidecar(directory, 'two', example('grpc-kv'));
  await pluginOf(killed);
  killed.kill('SIGKILL');
  await killed.ended;
  assert.deepEqual(sockets(), ['.two.lock.1']);
  const begun = [1, 2].map(() => startSidecar(directory, 'two', example('grpc-kv')));
  await using first = begun[0]!;
  await using second = begun[1]!;
  const loser = await Promise.race([first.ended, second.ended]);
  assert.deepEqual([loser.code, /keeps the name two/.test(loser.stderr)], [3, true], loser.stderr);
  await untilThere(join(directory, 'two.json'));
  const probe = await runCli(['sidecar', '--dir', directory, '--name', 'two', '--probe']);
  assert.equal(probe.code, 0, probe.stderr);
  assert.equal(sockets().length, 1);
  for (const sidecar of begun) sidecar.kill('SIGTERM');
  await Promise.all(begun.map(({ ended }) => ended));
  assert.deepEqual(sockets(), []);
});
