/**
 * The broker: a host lends its plugin a service for one call (a new id, a listener, the plugin's connection, the call, and the end of all
 * that), one at a time and 100 at once. CPU time of both processes, beside Go's host and plugin.
 */
import { readFileSync } from 'node:fs';
import { hasGo, hostCommands, pluginCommands } from './go-peer.js';
import { type Contender, compare } from './harness.js';
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
  for (const inFlight of [1, 100]) {
    const contenders = pairs.map(([name, job, pid]) => [name, lending(job, pid, inFlight)] as const);
    await compare({
      title: `Loans of a service for one call, ${inFlight} at once, host → plugin`,
      unit: 'loans/s',
      baseline: 'Go → Go',
      contenders: Object.fromEntries(contenders),
    });
  }
  for (const [, job] of pairs) await job[Symbol.asyncDispose]();
}
