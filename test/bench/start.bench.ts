/**
 * How long a plugin takes to start, unbundled and bundled (examples/bundled), beside a process that does nothing: from the spawn to
 * the handshake line, and from `start()` to the first answer. In turns, so that a disturbance of the machine meets all of them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import * as basic from '../../examples/basic/contract.js';
import { bundlePlugin } from '../../examples/bundled/build.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
// Node 20 reads the file at every start of a process.
delete process.env['NODE_EXTRA_CA_CERTS'];
const cookies = [basic.handshake, handshake].map(({ magicCookieKey, magicCookieValue }) => [
  magicCookieKey,
  magicCookieValue,
]);
const env = { ...process.env, ...Object.fromEntries(cookies) };

const plain = fileURLToPath(new URL('../../examples/bundled/plugin.js', import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'bundle'));
const { file: bundled } = await bundlePlugin(directory);
const alone = join(directory, 'alone.cjs');
await copyFile(bundled, alone);
const programs = {
  'unbundled plugin, with injection': [plain],
  "the README's plugin, unbundled": [fileURLToPath(new URL('../../examples/basic/plugin.js', import.meta.url))],
  'bundled plugin': [alone],
  'bundled plugin, with stored code': [bundled],
};

await table('spawn to handshake line', 'node -e 0', {
  'node -e 0': () => exit(['-e', '0']),
  'node -e console.log': () => firstLine(['-e', 'console.log(1)']),
  ...Object.fromEntries(Object.entries(programs).map(([name, args]) => [name, () => firstLine(args)])),
});
const stores = Object.entries(programs).filter(([name]) => !name.includes('README'));
const answers = stores.map(([name, args]) => [name, () => firstAnswer(args)] as const);
await table('start() to first answer', 'unbundled plugin, with injection', Object.fromEntries(answers));
await rm(directory, { recursive: true });

type Measure = () => Promise<number>;

async function table(title: string, baseline: string, measures: Readonly<Record<string, Measure>>): Promise<void> {
  const names = Object.keys(measures);
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const name of names) await measures[name]!();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) times.get(name)!.push(await measures[name]!());
  }
  const base = times.get(baseline)!;
  console.log(`\n${title} (ms, ${ROUNDS} rounds)\n`);
  console.log(`| contender | median | lowest – highest | × ${baseline}, median | lowest |`);
  console.log('|---|---|---|---|---|');
  for (const [name, values] of times) {
    const spread = `${Math.min(...values).toFixed(1)} – ${Math.max(...values).toFixed(1)}`;
    const ratios = [median(values) / median(base), Math.min(...values) / Math.min(...base)];
    console.log(
      `| ${name} | ${median(values).toFixed(1)} | ${spread} | ${ratios.map((r) => r.toFixed(2)).join(' | ')} |`,
    );
  }
}

/** Milliseconds until the process has ended by itself. */
async function exit(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'exit');
  return performance.now() - begin;
}

/** Milliseconds until the first bytes on stdout. */
async function firstLine(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const elapsedMs = performance.now() - begin;
  child.kill();
  await once(child, 'exit');
  return elapsedMs;
}

async function firstAnswer(args: readonly string[]): Promise<number> {
  const [file = '', ...rest] = args;
  const begin = performance.now();
  const client = createClient({ command: [process.execPath, file, ...rest], handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }));
  const elapsedMs = performance.now() - begin;
  await client.stop();
  return elapsedMs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
