/**
 * Yamux streams between two processes over a unix socket, beside a bare socket and beside the real hashicorp/yamux, whose figures
 * need Go. Each measurement is a new pair of processes, which warms itself up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo, needsGo } from '../conformance/build-go.js';
import { type Contender, compareAll } from './harness.js';

const PEER = fileURLToPath(new URL('peers/yamux-peer.js', import.meta.url));

interface Job {
  readonly title: string;
  /** Unit per thing that the peers count. */
  readonly scale: number;
  /** For the peers; the duration goes behind the name. */
  readonly args: readonly [name: string, ...numbers: number[]];
}

const JOBS: readonly Job[] = [
  { title: '1 stream, writes of 64 KiB, MB/s', scale: 1e-6, args: ['throughput', 65_536, 1] },
  { title: '16 streams, writes of 64 KiB, MB/s', scale: 1e-6, args: ['throughput', 65_536, 16] },
  { title: '1 stream, writes of 1 KiB, MB/s', scale: 1e-6, args: ['throughput', 1024, 1] },
  { title: 'streams opened and closed around a byte, 64 at a time, per s', scale: 1, args: ['streams', 64] },
  { title: 'echoes of 100 B on one stream, 64 in flight, per s', scale: 1, args: ['echo', 100, 64] },
];

/** Starts one end: a server, or a driver with a job. */
type Side = (carrier: string, path: string, args: readonly (string | number)[]) => ChildProcess;

function start(file: string, args: readonly string[]): ChildProcess {
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

const node: Side = (carrier, path, args) => start(process.execPath, [PEER, carrier, path, ...args.map(String)]);

async function goSide(): Promise<Side> {
  const program = join(await buildGo('test/interop/yamux/go', ['bench']), 'bench');
  return (carrier, path, args) => start(program, ['-carrier', carrier, '-socket', path, ...args.map(String)]);
}

function contender(driver: Side, server: Side, carrier: string, job: Job): Contender {
  return async (durationMs) => {
    const directory = mkdtempSync(join(tmpdir(), 'yb-'));
    const serving = server(carrier, join(directory, 's'), ['serve']);
    try {
      await once(serving.stdout!, 'data');
      const [name, ...numbers] = job.args;
      const driving = driver(carrier, join(directory, 's'), [name, durationMs, ...numbers]);
      const [output] = (await once(driving.stdout!, 'data')) as [Buffer];
      await once(driving, 'close');
      return (JSON.parse(output.toString()) as { rate: number }).rate * job.scale;
    } finally {
      serving.kill('SIGKILL');
      await once(serving, 'close');
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

const go = needsGo().skip === false ? await goSide() : undefined;
const columns = JOBS.map((job) => {
  const contenders: Record<string, Contender> = {
    'bare socket, Node': contender(node, node, 'raw', job),
    'yamux, ours to ours': contender(node, node, 'yamux', job),
    ...(go && {
      'yamux, ours to Go': contender(node, go, 'yamux', job),
      'yamux, Go to ours': contender(go, node, 'yamux', job),
      'yamux, Go to Go': contender(go, go, 'yamux', job),
      'bare socket, Go': contender(go, go, 'raw', job),
    }),
  };
  return [job.title, contenders] as const;
});
await compareAll({
  title: 'yamux over a unix socket',
  unit: 'in each column its own',
  baseline: 'bare socket, Node',
  columns: Object.fromEntries(columns),
  warmMs: 0,
});
