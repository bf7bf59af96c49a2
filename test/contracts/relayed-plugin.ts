import assert from 'node:assert/strict';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { type RelayOptions, relayRunner } from '../../src/relay.js';
import { within } from '../support/defer.js';
import { awaitGone } from '../support/process-alive.js';
import { parentOf, processesWith } from '../support/processes-with.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };

function clientOf(options: RelayOptions, mark: string) {
  const runner = relayRunner({ ...options, env: { MARK: mark } });
  return createClient({ runner, handshake, plugins, autoMtls: true });
}

/** The conformance tests' plugin under AutoMTLS by a carrier: a call and its end; then the end of the carrier, which is the plugin's. */
export async function relayedPlugin(options: RelayOptions, mark: string): Promise<void> {
  const client = clientOf(options, mark);
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('b') }));
  assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'a' }))).value).toString(), 'b');
  await client.stop();
  assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });

  const carrier = ['env', `CARRIER=${mark}`, ...options.carrier] as const;
  const other = clientOf({ ...options, carrier }, mark);
  await other.start();
  const [plugin, ...more] = processesWith('MARK', mark);
  assert.ok(
    plugin !== undefined && more.length === 0,
    `the processes with MARK=${mark}: ${[plugin, ...more].join(' ')}`,
  );
  const farEnd = parentOf(plugin);
  const carriers = processesWith('CARRIER', mark);
  assert.ok(carriers.length > 0);
  process.kill(Math.min(...carriers), 'SIGKILL');
  await within(20_000, 'the exit', lastValueFrom(other.exit$));
  await Promise.all([plugin, farEnd].map((pid) => awaitGone(pid, 60_000)));
  await lastValueFrom(other.state$);
}
