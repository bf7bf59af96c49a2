/**
 * The broker: a host lends its plugin a service for one call (a new id, a listener, the plugin's connection, the call, and the end of all
 * that), one at a time and 100 at once. CPU time of both processes, beside Go's host and plugin. Then 200 plugins at once.
 *
 * Each loan and each plugin makes socket files and removes them. They lie in memory where the system has a folder for that, as it would be the file
 * system's time else: ext4 without a journal looks, for each new file, at all that were removed in the last minute.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasGo, hostCommands, pluginCommands } from './go-peer.js';
import { type Contender, compareAll, WARM_MS, warmUp } from './harness.js';
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

/** Seconds until each plugin has answered, and the host's CPU time for each, in milliseconds. */
interface Starts {
  readonly seconds: number;
  readonly startMs: number;
  readonly stopMs: number;
}

/**
 * Go plugins at once, from their start to the first answer of each, beside what Node's spawn takes alone; a table of its own, since one
 * round takes a second.
 */
async function startMany(): Promise<void> {
  const [hosts, plugins] = [await hostCommands(), await pluginCommands()];
  console.log(
    `\n${STARTS} Go plugins started at once, from the start to each one's first answer: the first time, and the median of ${START_ROUNDS} after ${WARM_MS / 1000} s of it:\n`,
  );
  console.log('| host | first, s | s | × Go | CPU of the host per start, ms | per stop, ms |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  const spawns = [process.execPath, fileURLToPath(new URL('./peers/spawns.js', import.meta.url))] as const;
  let ofGo: number | undefined;
  for (const [name, command] of Object.entries({ ...hosts, 'spawn and first line alone, on Node': spawns })) {
    await using job = await startJob([...command, ...plugins.Go]);
    const first = await startAndStop(job);
    for (const begin = performance.now(); performance.now() - begin < WARM_MS; ) await startAndStop(job);
    const rounds: Starts[] = [];
    for (let round = 0; round < START_ROUNDS; round += 1) rounds.push(await startAndStop(job));
    const middle = (of: keyof Starts): number =>
      rounds.map((round) => round[of]).sort((a, b) => a - b)[START_ROUNDS >> 1]!;
    const seconds = middle('seconds');
    ofGo ??= seconds;
    const cells = [first.seconds, seconds, seconds / ofGo, middle('startMs'), middle('stopMs')];
    console.log(`| ${name} | ${cells.map((value) => value.toFixed(2)).join(' | ')} |`);
  }
}

async function startAndStop(job: Job): Promise<Starts> {
  const start = await order(job, 'start', STARTS, 0, 0);
  const stop = await order(job, 'stop', 0, 0, 0);
  const perPlugin = (micros: number): number => micros / STARTS / 1000;
  return { seconds: start.seconds, startMs: perPlugin(start.cpuMicros), stopMs: perPlugin(stop.cpuMicros) };
}

const STARTS = 200;
const START_ROUNDS = 5;

const MEMORY = '/dev/shm';
if (existsSync(MEMORY)) {
  const directory = mkdtempSync(join(MEMORY, 'bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true }));
  process.env['TMPDIR'] = directory;
}

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
  for (const [, job] of pairs) await job[Symbol.asyncDispose]();
  await startMany();
}
