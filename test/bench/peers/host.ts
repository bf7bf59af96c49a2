/**
 * Our host of the plugin program given as command: the counterpart of `bench host` (test/conformance/go/bench/host.go), with the same
 * orders and answers.
 */
import { firstValueFrom } from 'rxjs';
import { cleanupOnExit, createClient, grpcPlugin } from 'rxplug';
import { createGrpcClient } from 'rxplug/grpc';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { probeService } from '../probe-service.js';
import { answerWork, type Done, repeat } from './work.js';

const command = process.argv.slice(2) as [string, ...string[]];
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const probe = grpcPlugin({
  client: ({ channel, broker }) => ({ probe: createGrpcClient(channel, ProbeDefinition), broker }),
  serve: () => {},
});
// A plugin in Go outlives a host that does not end it: a benchmark that is stopped leaves none.
cleanupOnExit();
const newClient = () => createClient({ command, handshake, plugins: { probe }, managed: true });

/** The clients that `start` has started last. */
let started: ReturnType<typeof newClient>[] = [];

/** Starts so many plugins at once, lets each answer, and ends them after the clock was read. */
async function startAll(count: number): Promise<Done> {
  const begin = performance.now();
  started = Array.from({ length: count }, newClient);
  const answered = started.map(async (client) => {
    await client.start();
    const { probe } = await client.dispense('probe');
    await firstValueFrom(probe.echo({ number: 1 }));
    return performance.now() - begin;
  });
  const sorted = (await Promise.all(answered)).sort((a, b) => a - b);
  return { done: count, medianMicros: sorted[count >> 1]! * 1000 };
}

async function stopAll(): Promise<Done> {
  const clients = started;
  started = [];
  await Promise.all(clients.map((client) => client.stop()));
  return { done: clients.length };
}

const client = newClient();
await client.start();
const main = await client.dispense('probe');
const lend = () =>
  firstValueFrom(
    main.broker.lend(ProbeDefinition, probeService, (brokerId) =>
      main.probe.callBack({ brokerId, payload: { data: new Uint8Array(), number: 1 } }),
    ),
  );
await answerWork(
  {
    lend: (inFlight, _, durationMs) => repeat(inFlight, durationMs, lend),
    start: startAll,
    stop: stopAll,
    pid: async () => ({ done: (await client.reattachConfig()).pid ?? 0 }),
  },
  () => client.stop(),
);
