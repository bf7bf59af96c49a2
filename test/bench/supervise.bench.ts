/**
 * What a call of a supervised client costs above a plain one: the time of the host alone, over a channel that answers at once, and with a
 * plugin in a process of its own. And how long calls wait when the plugin was killed, beside a start.
 */

import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, NEVER } from 'rxjs';
import { createClient } from 'rxplug';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import type { GrpcCall, GrpcCallEvents, GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import { SwitchingChannel } from '../../src/supervision/calls/switching-channel.js';
import { routeTo } from '../support/route-to.js';
import { compare, throughput } from './harness.js';

const command: [string, ...string[]] = [
  process.execPath,
  fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url)),
];
const OK = { code: 0, detail: '', trailers: ['grpc-status', '0'] };

/** A call that ends when its request does. */
class InstantCall implements GrpcCall {
  readonly #events: GrpcCallEvents;
  constructor(events: GrpcCallEvents) {
    this.#events = events;
  }
  write(): boolean {
    return true;
  }
  end(): void {
    this.#events.onStatus(OK);
  }
  request(): void {}
  cancel(): void {}
}

const instant = {
  state: { status: 'ready' },
  state$: NEVER,
  call: (_path: string, _options: object, events: GrpcCallEvents) => new InstantCall(events),
} as unknown as GrpcChannel;
const switching = new SwitchingChannel(routeTo(instant));
const events: GrpcCallEvents = { onHeaders() {}, onMessage() {}, onDrain() {}, onStatus() {} };
const request = new Uint8Array(100);

function calls(channel: GrpcChannel): (durationMs: number) => Promise<number> {
  return async (durationMs) => {
    const end = performance.now() + durationMs;
    let done = 0;
    while (performance.now() < end)
      for (let count = 0; count < 1000; count++, done++) channel.call('/kv.v1.KV/Put', {}, events).end(request);
    return (done * 1000) / durationMs;
  };
}

await compare({
  title: 'A call without a plugin: what switching costs',
  unit: 'calls/s',
  baseline: 'the channel alone',
  contenders: { 'the channel alone': calls(instant), 'through the switch': calls(switching) },
});

const client = createClient({ command, handshake, plugins });
await client.start();
const plain = await client.dispense('kv');
const supervision = {
  intensity: { max: Number.POSITIVE_INFINITY, withinMs: 1 },
  // Without the waits that a plugin gets which is killed eleven times in a minute.
  backoff: { initialMs: 1, maxMs: 1 },
  whenDown: { limitMs: 120_000 },
};
const plugin = supervise({ command, handshake, plugins, supervision });
await plugin.ready();
const lasting = await plugin.dispense('kv');
await firstValueFrom(plain.put({ key: 'a', value: request }));
await firstValueFrom(lasting.put({ key: 'a', value: request }));

for (const inFlight of [1, 64])
  await compare({
    title: `Unary calls to a plugin, ${inFlight} in flight`,
    unit: 'calls/s',
    baseline: 'plain client',
    contenders: {
      'plain client': throughput(inFlight, () => firstValueFrom(plain.get({ key: 'a' }))),
      'supervised client': throughput(inFlight, () => firstValueFrom(lasting.get({ key: 'a' }))),
    },
  });
await client.stop();

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 11);
const starts: number[] = [];
const gaps: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const fresh = createClient({ command, handshake, plugins });
  const begin = performance.now();
  await fresh.start();
  await firstValueFrom((await fresh.dispense('kv')).put({ key: 'a', value: request }));
  starts.push(performance.now() - begin);
  await fresh.stop();
  await plugin.reload();
  const stopped = firstValueFrom(plugin.events$.pipe(filter(({ type }) => type === 'stopped')));
  const killed = performance.now();
  process.kill(Number(plugin.id), 'SIGKILL');
  await stopped;
  await firstValueFrom(lasting.put({ key: 'a', value: request }));
  gaps.push(performance.now() - killed);
  await plugin.reload();
}
await plugin.stop();
const median = (values: number[]): string =>
  (values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number).toFixed(0);
console.log(
  `\nFrom the kill to the next answer: ${median(gaps)} ms; a start to its first answer: ${median(starts)} ms (median of ${ROUNDS})`,
);
