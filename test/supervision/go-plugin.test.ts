import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { goPlugin } from '../../examples/grpc-kv/go-plugin.js';
import { supervise } from '../../src/supervise.js';
import { needsGo } from '../conformance/build-go.js';
import { happens, reaches, soon } from './rig.js';

const value = new Uint8Array(1);

for (const [how, options] of [
  ['in clear', {}],
  ['under AutoMTLS', { autoMtls: true }],
  ['multiplexed', { grpcBrokerMultiplex: true }],
] as const)
  test(`a plugin in Go, ${how}: killed, stopped by a signal and reloaded, the client goes on`, needsGo(), async () => {
    const command = (await goPlugin()) as [string, ...string[]];
    const supervision = { health: { intervalMs: 50, timeoutMs: 1000, failures: 2 } };
    await using plugin = supervise({ command, handshake, plugins, supervision, ...options });
    const kv = await plugin.dispense('kv');
    const revision = async (): Promise<bigint> =>
      (await soon('an answer', firstValueFrom(kv.put({ key: 'a', value })))).revision;
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
  });
