/**
 * The broker: a host lends its plugin a service for one call (a new id, a listener, the plugin's connection, the call, and the end of all
 * that), one at a time and 100 at once. CPU time of both processes, beside Go's host and plugin.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasGo, hostCommands, pluginCommands } from './go-peer.js';
import { type Contender, compareAll, warmUp } from './harness.js';
import { type Job, order, startJob } from './job.js';

/** User and system time of a process of Linux, in steps of 10 ms; 0 elsewhere. */
function cpuMicrosOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').pop()!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}

function lending(host: Job, pluginPid: number, inFlight: number): Contender {
  return async (durationMs) => {
    const before = cpuMicrosOf(pluginPid);
    const { done, seconds, cpuMicros, medianMicros } = await order(host, 'lend', inFlight, 0, durationMs);
    return {
      rate: done / seconds,
      details: {
        'latency, µs': medianMicros,
        'host CPU each, µs': cpuMicros / done,
        'plugin CPU each, µs': (cpuMicrosOf(pluginPid) - before) / done,
      },
    };
  };
}

/**
 * Go plugins at once, from their start to the first answer of each, beside what Node's spawn takes alone; a table of its own, since one
 * round takes a second.
 */
async function startMany(): Promise<void> {
  const [hosts, plugins] = [await hostCommands(), await pluginCommands()];
  console.log(
    `\n${STARTS} Go plugins started at once, from the start to each one's first answer, median of ${START_ROUNDS}:\n`,
  );
  console.log('| host | s | CPU of the host per start, ms | per stop, ms |\n| --- | --- | --- | --- |');
  const spawns = [process.execPath, fileURLToPath(new URL('./peers/spawns.js', import.meta.url))] as const;
  for (const [name, command] of Object.entries({ ...hosts, 'spawn and first line alone, on Node': spawns })) {
    await using job = await startJob([...command, ...plugins.Go]);
    const rounds: [number, number, number][] = [];
    for (let round = 0; round < START_ROUNDS; round += 1) {
      const start = await order(job, 'start', STARTS, 0, 0);
      const stop = await order(job, 'stop', 0, 0, 0);
      rounds.push([start.seconds, start.cpuMicros / STARTS / 1000, stop.cpuMicros / STARTS / 1000]);
    }
    const cells = [0, 1, 2].map(
      (index) => rounds.map((round) => round[index]!).sort((a, b) => a - b)[START_ROUNDS >> 1]!,
    );
    console.log(`| ${name} | ${cells.map((value) => value.toFixed(2)).join(' | ')} |`);
  }
}

const STARTS = 200;
const START_ROUNDS = 5;

if (hasGo) {
  const [hosts, plugins] = [await hostCommands(), await pluginCommands()];
  const pairs: [string, Job, number][] = [];
  for (const [host, plugin] of [
    ['Go', 'Go'],
    ['ours', 'Go'],
    ['Go', 'ours'],
    ['ours', 'ours'],
  ] as const) {
    const job = await startJob([...hosts[host], ...plugins[plugin]]);
    pairs.push([`${host} → ${plugin}`, job, (await order(job, 'pid', 0, 0, 0)).done]);
  }
  // A loan runs through so much code that it takes tens of thousands of them until it is compiled.
  for (const [, job, pid] of pairs) await warmUp(lending(job, pid, 100), 15_000);
  const at = (inFlight: number): Record<string, Contender> =>
    Object.fromEntries(pairs.map(([name, job, pid]) => [name, lending(job, pid, inFlight)]));
  const last = '100 at once';
  await compareAll({
    title: 'Loans of a service for one call, host → plugin',
    unit: 'loans/s',
    baseline: 'Go → Go',
    columns: { 'one at a time': at(1), [last]: at(100) },
    details: [
      [last, 'latency, µs'],
      [last, 'host CPU each, µs'],
      [last, 'plugin CPU each, µs'],
    ],
  });
  await startMany();
  for (const [, job] of pairs) await job[Symbol.asyncDispose]();
}
