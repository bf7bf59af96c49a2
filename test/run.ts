/**
 * Runs the suite: `node dist/test/run.js [part of a file name …]`, or with `--peers` what the suite leaves to `npm run test:peers`.
 * Every test file is a process of its own, in a private temp directory. After the run nothing may be left in that directory and no
 * process may still carry the run's mark. With `RXPLUG_GRPC_ENGINE=grpc-js` everything that does not choose a gRPC engine runs on
 * that one.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutCertificates } from './support/extra-certificates.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
/** What would make the suite too long, and is run before a release: go-plugin against itself, more versions and combinations. */
const PEERS = /\.peers\.test\.js$/;
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter(isWanted)
  .sort();
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(', ')}.`);
  process.exit(1);
}

const root = mkdtempSync(join(tmpdir(), 'rx-'));
// Some tests start programs in it as another user.
chmodSync(root, 0o711);
const mark = `RXPLUG_TEST_RUN=${root}`;
/** Of one test and of one file. A wait in a test has its own, shorter bound; this is for a machine that does much else. */
const args = [
  '--test',
  '--enable-source-maps',
  // Names the failed tests once more at the end, where a log that is cut still has them.
  '--test-reporter=spec',
  '--test-timeout=900000',
  // Many a test waits, for a peer's timeout or the end of a process.
  `--test-concurrency=${Math.ceil(1.5 * availableParallelism())}`,
];
const child = spawn(process.execPath, [...args, ...files.map((file) => relative(process.cwd(), join(here, file)))], {
  stdio: 'inherit',
  env: { ...withoutCertificates(process.env), ...engineEnvironment(), TMPDIR: root, RXPLUG_TEST_RUN: root },
});
const code = await new Promise<number>((resolve) => child.once('exit', (status) => resolve(status ?? 1)));

const problems = [...leftFiles(), ...leftProcesses()];
rmSync(root, { recursive: true, force: true });
for (const problem of problems) console.error(`left behind: ${problem}`);
process.exit(code === 0 && problems.length === 0 ? 0 : 1);

function isWanted(file: string): boolean {
  if (wanted.length === 0) return !PEERS.test(file);
  return wanted.includes('--peers') ? PEERS.test(file) : wanted.some((part) => file.includes(part));
}

/** Child processes inherit it, so that plugins run on the same engine. */
function engineEnvironment(): NodeJS.ProcessEnv {
  if (process.env['RXPLUG_GRPC_ENGINE'] === undefined) return {};
  const preloaded = new URL('support/default-engine.js', import.meta.url);
  return { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${preloaded.href}`.trim() };
}

function leftFiles(): string[] {
  return readdirSync(root)
    .filter((name) => name !== 'node-compile-cache')
    .map((name) => `temp entry ${name}`);
}

/** Linux only: elsewhere a process's environment cannot be read. */
function leftProcesses(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readOr(`/proc/${pid}/environ`).split('\0').includes(mark))
    .map((pid) => `process ${pid} ${readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
