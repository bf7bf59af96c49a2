import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { plugins } from '../../../../examples/bidirectional/contract.js';
import { RefereeDefinition } from '../../../../examples/gen/merge.js';
import { createGrpcClient } from '../../../../src/grpc.js';
import { createClient, processRunner, type Runner, type RunnerSpec } from '../../../../src/index.js';
import type { Address } from '../../../../src/transport.js';
import { fixture } from '../../../fixtures/fixture.js';
import { ownTempDir } from '../../../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A runner whose plugin is reached through another directory than it listens in, and reaches the host through one; slowly. */
function translating({ env }: RunnerSpec): { readonly runner: Runner; readonly translated: string[] } {
  const translated: string[] = [];
  const runner = processRunner({ command: fixture('brokers'), env });
  const through = (link: string) => async (address: Address) => {
    await turn();
    translated.push(link);
    return { ...address, address: join(link, address.address.slice(dirname(dirname(address.address)).length + 1)) };
  };
  runner.pluginToHost = through(join(tmpdir(), 'p'));
  runner.hostToPlugin = through(join(tmpdir(), 'h'));
  return { runner, translated };
}

test('an asynchronous translator is awaited in both directions', async () => {
  const links = ['p', 'h'].map((name) => join(tmpdir(), name));
  for (const link of links) symlinkSync(tmpdir(), link);
  let translated: string[] = [];
  const client = createClient({
    runner: (spec) => {
      const made = translating(spec);
      ({ translated } = made);
      return made.runner;
    },
    handshake,
    plugins,
  });
  await client.start();
  const { broker } = client;
  const merger = await client.dispense('merger');
  const conflict = { ours: {}, theirs: {} };
  const referee = { decide: ({ ours }: { ours: string }) => ({ value: ours }) };
  const merged$ = broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
  assert.deepEqual((await firstValueFrom(merged$)).merged, { a: '1' });
  const { merged } = await firstValueFrom(merger.merge({ ...conflict, referee: 0 }));
  await using channel = await broker.dial(Number(merged['id']));
  const decided = await firstValueFrom(
    createGrpcClient(channel, RefereeDefinition).decide({ key: 'a', ours: '1', theirs: '2' }),
  );
  assert.equal(decided.value, '2');
  assert.deepEqual(translated, [links[0], links[1], links[0]]);
  await client.stop();
  for (const link of links) rmSync(link);
  assertTempDirEmpty();
});
