/**
 * How often an idle plugin is woken: voluntary context switches of all its threads, in this library and in Go, under our host. The median
 * of several stretches: once after a start, when it likes, V8 gives memory back, which is some 30 switches.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanupOnExit, createClient, grpcPlugin } from 'rxplug';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { hasGo, pluginCommands } from './go-peer.js';

const SETTLE_MS = 12_000;
const WATCH_MS = 20_000;
const STRETCHES = 3;

function switchesOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((id) =>
    readFileSync(`/proc/${pid}/task/${id}/status`, 'latin1'),
  );
  return threads.reduce((sum, text) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1]), 0);
}

cleanupOnExit();

async function wakeUpsOf(command: readonly string[]): Promise<number> {
  await using client = createClient({
    command: command as [string, ...string[]],
    handshake: { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' },
    plugins: { probe: grpcPlugin(ProbeDefinition) },
    managed: true,
  });
  await client.start();
  const { pid } = await client.reattachConfig();
  await delay(SETTLE_MS);
  const rates: number[] = [];
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const before = switchesOf(pid!);
    await delay(WATCH_MS);
    rates.push((switchesOf(pid!) - before) / (WATCH_MS / 1000));
  }
  return rates.sort((a, b) => a - b)[STRETCHES >> 1]!;
}

if (process.platform === 'linux' && hasGo) {
  const plugins = await pluginCommands();
  const [ours, go] = await Promise.all([wakeUpsOf(plugins.ours), wakeUpsOf(plugins.Go)]);
  console.log(`\nWake-ups of an idle plugin per second, median of ${STRETCHES} times ${WATCH_MS / 1000} s\n`);
  console.log('| plugin | per second |\n| --- | --- |');
  console.log(`| ours | ${ours.toFixed(2)} |\n| Go | ${go.toFixed(2)} |`);
}
