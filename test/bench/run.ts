/**
 * Runs the benchmarks one after the other, each in a process of its own: `npm run bench -- [--write] [part of a file name …]`. With
 * `--write` what a benchmark prints takes the place of what stands in docs/benchmarks.md between `<!-- bench NAME node20 -->` and
 * `<!-- end -->`, where 20 is the version of Node that runs it. Where the page has no such place, that is said.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutCertificates } from '../support/extra-certificates.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const page = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
const writes = process.argv.includes('--write');
const wanted = process.argv.slice(2).filter((word) => word !== '--write');
const files = readdirSync(here)
  .filter((file) => file.endsWith('.bench.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

/** What it has printed; undefined when it has failed. */
async function run(file: string): Promise<string | undefined> {
  // What Node 20 takes for them would be measured as the plugin's.
  const env = withoutCertificates(process.env);
  const child = spawn(process.execPath, [join(here, file)], { stdio: ['inherit', 'pipe', 'inherit'], env });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    process.stdout.write(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? Buffer.concat(chunks).toString() : undefined;
}

function machine(): string {
  const [load = 0] = loadavg();
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  return `Node ${process.version.slice(1)}, ${processors}, load ${load.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}`;
}

function write(name: string, before: string, printed: string): void {
  const begin = `<!-- bench ${name} node${process.versions.node.split('.')[0]} -->`;
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf('<!-- end -->', from);
  if (from < 0 || to < 0) return console.error(`Not written: docs/benchmarks.md has no ${begin} … <!-- end -->.`);
  const filled = `${begin}\n\n${before}:\n\n${printed.trim()}\n\n`;
  writeFileSync(page, text.slice(0, from) + filled + text.slice(to));
}

let failed = files.length === 0;
for (const file of files) {
  const before = machine();
  const begin = performance.now();
  console.log(`\n${basename(file, '.bench.js')}: ${before}`);
  const printed = await run(file);
  console.log(`\n${((performance.now() - begin) / 1000).toFixed(0)} s`);
  failed ||= printed === undefined;
  if (writes && printed !== undefined) write(basename(file, '.bench.js'), before, printed);
}
process.exitCode = failed ? 1 : 0;
