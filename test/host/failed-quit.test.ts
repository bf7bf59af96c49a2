import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { plugins as grpcPlugins } from '../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, type Exit, netRpcPlugin } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { awaitGone } from '../support/process-alive.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const netRpcPlugins = { greeter: netRpcPlugin({ Greet: method(gob.empty, gob.string) }) };
const FORCED: Exit = { code: null, signal: 'SIGKILL' };
const IN_PEACE: Exit = { code: 0, signal: null };
/** Longer than the test may take: who waits for it fails. */
const ENDLESS_MS = 600_000;

type Args = readonly ['netrpc' | 'grpc', how: 'answers' | 'breaks', then: 'stays' | 'goes'];

/** Stops a plugin whose Quit or Shutdown fails, and returns how its process ended. */
async function exitOf(args: Args, stopGraceMs: number): Promise<Exit> {
  const plugins = args[0] === 'grpc' ? grpcPlugins : netRpcPlugins;
  const command = fixture('fails-to-quit', ...args);
  const client = createClient({ command, handshake, plugins, stopGraceMs } as ClientOptions);
  await client.start();
  const { id } = client;
  const ended = firstValueFrom(client.exit$);
  await within(30_000, 'the stop', client.stop());
  await awaitGone(Number(id));
  assertTempDirEmpty();
  return ended;
}

test('K-03 a net/rpc plugin that answers Quit with an error is killed at once, without the grace', async () => {
  assert.deepEqual(await exitOf(['netrpc', 'answers', 'stays'], ENDLESS_MS), FORCED);
});

test('K-03 a net/rpc plugin that breaks the connection over Quit, and stays, is killed after the grace', async () => {
  assert.deepEqual(await exitOf(['netrpc', 'breaks', 'stays'], 50), FORCED);
});

test('a net/rpc plugin that breaks the connection over Quit may end by itself within the grace', async () => {
  assert.deepEqual(await exitOf(['netrpc', 'breaks', 'goes'], ENDLESS_MS), IN_PEACE);
});

test('K-03 a gRPC plugin that answers Shutdown with an error, and stays, is killed after the grace', async () => {
  assert.deepEqual(await exitOf(['grpc', 'answers', 'stays'], 50), FORCED);
});

test('a gRPC plugin that answers Shutdown with an error may end by itself within the grace', async () => {
  assert.deepEqual(await exitOf(['grpc', 'answers', 'goes'], ENDLESS_MS), IN_PEACE);
});

test('K-03 a gRPC plugin that breaks the connection over Shutdown, and stays, is killed after the grace', async () => {
  assert.deepEqual(await exitOf(['grpc', 'breaks', 'stays'], 50), FORCED);
});
