/** Runs the benchmarks one after the other, each in a process of its own: `npm run bench [part of a file name …]`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((file) => file.endsWith('.bench.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`,
);
let failed = files.length === 0;
for (const file of files) {
  const [code] = (await once(spawn(process.execPath, [join(here, file)], { stdio: 'inherit' }), 'exit')) as [
    number | null,
  ];
  failed ||= code !== 0;
}
process.exitCode = failed ? 1 : 0;
