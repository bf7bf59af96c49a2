/**
 * How long programs take to start with the packed package, beside a process that does nothing; in turns, so that a disturbance of the machine
 * meets all of them. Run it by the version of Node that is to be measured: `node dist/test/bench/run.js start`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { bundle } from 'rxplug/bundle';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { packedProject } from '../support/packed-project.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
// Node 20 reads the file at every start of a process.
delete process.env['NODE_EXTRA_CA_CERTS'];
const env = { ...process.env, [handshake.magicCookieKey]: handshake.magicCookieValue };

/** A program that listens on a unix socket, as the library does, and says where. */
const LISTENS = `const socket = __filename + process.pid;
const server = process.getBuiltinModule('node:net').createServer();
server.once('listening', () => process.stdout.write('1|1|unix|' + socket + '|grpc\\n'));
server._listen2(socket, -1, -1, 511, undefined, 0);
`;

const { directory } = await packedProject();
const file = (name: string): string => join(directory, name);
for (const folder of ['basic', 'gen'])
  await cp(fileURLToPath(new URL(`../../examples/${folder}`, import.meta.url)), file(folder), { recursive: true });
await writeFile(file('package.json'), JSON.stringify({ type: 'module' }));
const readme = file('basic/plugin.js');
const text = await readFile(readme, 'utf8');
await writeFile(file('basic/with-rxjs.js'), `import { map, of } from 'rxjs';\nglobalThis.used = [map, of];\n${text}`);
await writeFile(file('import.js'), "import 'rxplug';\n");
// Its top-level await is for its own folder only: a bundle is CommonJS.
await writeFile(file('basic/entry.js'), text.replace('await serve(', 'void serve('));
const alone = await bundle({ entry: file('basic/entry.js'), outfile: file('alone.cjs') });
const stored = await bundle({
  entry: file('basic/entry.js'),
  outfile: file('stored.cjs'),
  record: async (command) => {
    for (const autoMtls of [false, true]) await firstAnswer(command, autoMtls);
  },
});

await writeFile(file('listens.cjs'), LISTENS);
// What no file with stored code can do without: it is read, and V8 takes the code. Nothing of the program runs.
const storedText = await readFile(stored.file, 'utf8');
const runs = /run\((compile\(.*\))\);\n$/;
if (!runs.test(storedText))
  throw new Error('The last line of a file with stored code has another form: it has no floor.');
await writeFile(
  file('floor.cjs'),
  storedText.replace(runs, (_, compile) => `${compile};\n${LISTENS}`),
);

const handshakes = await inTurns({
  'node -e 0': () => exit(['-e', '0']),
  'node -e console.log': () => firstLine(['-e', 'console.log(1)']),
  "import 'rxplug'": () => exit([file('import.js')]),
  "the README's plugin": () => firstLine([readme]),
  "the README's plugin, importing rxjs too": () => firstLine([file('basic/with-rxjs.js')]),
  bundled: () => firstLine([alone.file]),
  'bundled, with stored code': () => firstLine([stored.file]),
  'floor: listen on a socket and print': () => firstLine([file('listens.cjs')]),
  'floor: take the stored code, listen and print': () => firstLine([file('floor.cjs')]),
});
printTable('Spawn to handshake line, or to the end, ms', 'node -e 0', handshakes, {
  "import 'rxplug'": 4,
  "the README's plugin": 4,
  'bundled, with stored code': 1.7,
});

const plainAnswer = 'start() to first answer';
const answers = await inTurns({
  [plainAnswer]: () => firstAnswer([process.execPath, readme], false),
  'the same with AutoMTLS': () => firstAnswer([process.execPath, readme], true),
});
printTable("A host's start() to the README's plugin's first answer, ms", plainAnswer, answers, {
  'the same with AutoMTLS': 1.35,
});

const memory = await inTurns({
  'node -e 0': () => idleMegabytes(['-e', 'console.log(1); setInterval(() => {}, 1e6)']),
  "the README's plugin": () => idleMegabytes([readme]),
});
printTable('Resident memory after the handshake, MB', 'node -e 0', memory, {});
console.log(`\nAim: ${Math.round(median(memory.get("the README's plugin")!))} MB of 60.`);
await rm(directory, { recursive: true });

type Measures = Readonly<Record<string, () => Promise<number>>>;

async function inTurns(measures: Measures): Promise<ReadonlyMap<string, readonly number[]>> {
  const results = new Map<string, number[]>(Object.keys(measures).map((name) => [name, []]));
  for (const measure of Object.values(measures)) await measure();
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, measure] of Object.entries(measures)) results.get(name)!.push(await measure());
  return results;
}

/** Medians, extremes and ratios to the baseline; where there is an aim, whether the ratio of the medians reaches it. */
function printTable(
  title: string,
  baseline: string,
  results: ReadonlyMap<string, readonly number[]>,
  aims: Readonly<Record<string, number>>,
): void {
  const base = results.get(baseline)!;
  console.log(`\n${title} (Node ${process.version}, ${ROUNDS} rounds)\n`);
  console.log(`| program | median | lowest – highest | × ${baseline} | × of the lowest | aim |`);
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, values] of results) {
    const ratio = median(values) / median(base);
    const lowest = Math.min(...values) / Math.min(...base);
    const aim = aims[name] === undefined ? '' : `${aims[name]}: ${ratio <= aims[name] ? 'reached' : 'not reached'}`;
    const spread = `${Math.min(...values).toFixed(1)} – ${Math.max(...values).toFixed(1)}`;
    console.log(
      `| ${name} | ${median(values).toFixed(1)} | ${spread} | ${ratio.toFixed(2)} | ${lowest.toFixed(2)} | ${aim} |`,
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

/** The memory of a process that has written its first line. */
async function idleMegabytes(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  child.kill();
  await once(child, 'exit');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Milliseconds from `start()` to the answer to a first call. */
async function firstAnswer(command: readonly [string, ...string[]], autoMtls: boolean): Promise<number> {
  const begin = performance.now();
  await using client = createClient({ command, handshake, plugins, autoMtls });
  await client.start();
  const greeter = await client.dispense('greeter');
  await firstValueFrom(greeter.greet({ name: 'Ada' }));
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
