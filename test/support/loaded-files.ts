import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

/** Writes the URL of every ES module to the file that it is given. Hooks run in a thread of their own. */
const HOOKS = `
import { appendFileSync } from 'node:fs';
let file;
export function initialize(data) { file = data.file; }
export async function load(url, context, next) {
  appendFileSync(file, url + '\\n');
  return next(url, context);
}
`;

/** CommonJS that is required does not pass the hooks of every Node version: it is read from the cache at the end. */
const PRELOAD = (hooks: URL, file: string) => `
import { register, Module } from 'node:module';
import { appendFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
register(${JSON.stringify(hooks.href)}, { data: { file: ${JSON.stringify(file)} } });
process.on('exit', () => {
  for (const path of Object.keys(Module._cache)) appendFileSync(${JSON.stringify(file)}, pathToFileURL(path).href + '\\n');
  for (const name of process.moduleLoadList) appendFileSync(${JSON.stringify(file)}, name + '\\n');
});
`;

/** What a program has loaded. */
export interface LoadedFiles {
  /** The URLs of ES modules and CommonJS files. */
  readonly urls: readonly string[];
  /** The packages that they belong to. */
  readonly packages: ReadonlySet<string>;
  /** Node's own modules, by their names: `NativeModule tls`. */
  readonly builtins: ReadonlySet<string>;
}

/** Runs the text of an ES module, in a file of the directory, and tells what it has loaded until its end. */
export async function loadedFiles(text: string, directory: string): Promise<LoadedFiles> {
  const own = await mkdtemp(join(tmpdir(), 'loaded'));
  const program = join(directory, `loaded-${process.pid}-${count++}.mjs`);
  try {
    const [hooks, preload, list] = ['hooks.mjs', 'preload.mjs', 'list'].map((name) => join(own, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(hooks, HOOKS);
    await writeFile(preload, PRELOAD(pathToFileURL(hooks), list));
    await writeFile(program, text);
    // The suite preloads sources for another engine by NODE_OPTIONS.
    await promisify(execFile)(process.execPath, ['--import', pathToFileURL(preload).href, program], {
      env: testEnv({ NODE_OPTIONS: '' }),
    });
    const lines = [...new Set((await readFile(list, 'utf8')).split('\n'))];
    const urls = lines.filter((line) => line.startsWith('file:') && !line.includes('/loaded'));
    const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
    return {
      urls,
      packages: new Set(packages),
      builtins: new Set(lines.filter((line) => line.startsWith('NativeModule '))),
    };
  } finally {
    await rm(program, { force: true });
    await rm(own, { recursive: true });
  }
}

let count = 0;
