/** Builds the bundled plugin: `node dist/examples/bundled/build.js [directory]`. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, record } from './bundle.js';

const { 2: directory = fileURLToPath(new URL('out', import.meta.url)) } = process.argv;
await mkdir(directory, { recursive: true });
await bundle(directory);
await record(directory);
console.log((await readdir(directory)).map((file) => join(directory, file)).join('\n'));
