import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { goPlugin } from '../../examples/grpc-kv/go-plugin.js';
import { type SupervisedPlugin, supervise } from '../../src/supervise.js';
import { needsGo } from '../conformance/build-go.js';
import { kv as overNetRpc } from '../interop/netrpc/subject-contracts.js';
import { happens, reaches, soon } from './rig.js';

const value = new Uint8Array(1);

/** Ends the process in both ways and reloads it; each new one has an empty store. */
async function goesOn(
  plugin: Pick<SupervisedPlugin, 'id' | 'events$' | 'state$' | 'reload'>,
  revision: () => Promise<bigint>,
): Promise<void> {
  assert.equal(await revision(), 1n);
  for (const [signal, cause] of [
    ['SIGKILL', 'crashed'],
    ['SIGSTOP', 'unresponsive'],
  ] as const) {
    const stopped = happens(plugin, 'stopped');
    process.kill(Number(plugin.id), signal);
    assert.equal((await stopped).stop.cause, cause);
    assert.equal(await revision(), 1n, 'a new process, with an empty store');
    assert.equal(await revision(), 2n);
  }
  await plugin.reload();
  assert.equal(await revision(), 1n);
  assert.equal((await reaches(plugin, 'ready')).generation, 4);
}

const supervision = { health: { intervalMs: 50, timeoutMs: 1000, failures: 2 }, whenDown: { limitMs: 120_000 } };

for (const [how, options] of [
  ['in clear', {}],
  ['under AutoMTLS', { autoMtls: true }],
  ['multiplexed', { grpcBrokerMultiplex: true }],
] as const)
  test(`a plugin in Go, ${how}: killed, stopped by a signal and reloaded, the client goes on`, needsGo(), async () => {
    const command = (await goPlugin()) as [string, ...string[]];
    await using plugin = supervise({ command, handshake, plugins, supervision, ...options });
    const kv = await plugin.dispense('kv');
    await goesOn(plugin, async () => (await soon('an answer', firstValueFrom(kv.put({ key: 'a', value })))).revision);
  });

for (const autoMtls of [false, true])
  test(`the same over net/rpc, ${autoMtls ? 'under AutoMTLS' : 'in clear'}`, needsGo(), async () => {
    const command = [...((await goPlugin()) as [string, ...string[]]), '-protocol', 'netrpc'] as [string, ...string[]];
    const netRpc = { allowedProtocols: ['netrpc'], plugins: { kv: overNetRpc }, autoMtls } as const;
    await using plugin = supervise({ command, handshake, supervision, ...netRpc });
    const kv = await plugin.dispense('kv');
    const put = () => firstValueFrom(kv.Put({ Key: 'a', Value: value }));
    await goesOn(plugin, async () => BigInt(await soon('an answer', put())));
  });
