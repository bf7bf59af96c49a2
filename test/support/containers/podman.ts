import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { missingFor, output, type TestEngine, terminate, untilSaid } from './engine.js';

/** The command line of podman, for one test. Its storage is in a directory that is removed with it. */
export interface Podman extends AsyncDisposable {
  run(...args: string[]): Promise<string>;
}

/** The command line of podman, without its service, where it can play Pods; else why it cannot, as of `startPodman`. */
export function podmanForPods(): Podman | string {
  const missing = missingFor(['podman', 'runc', 'conmon', 'catatonit'], 'podman runc catatonit');
  if (missing === undefined) return commandLine();
  if (process.env['RXPLUG_CONTAINERS'] === 'required') throw new Error(missing);
  return missing;
}

function commandLine(): Podman {
  const directory = mkdtempSync(join(tmpdir(), 'p'));
  const settings = join(directory, 'containers.conf');
  // Not every machine lets a container have the limits that podman sets by itself.
  writeFileSync(settings, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n');
  const env = { ...process.env, CONTAINERS_CONF: settings };
  const run = (...args: string[]) => output('podman', [...optionsIn(directory), ...args], directory, env);
  return {
    run,
    async [Symbol.asyncDispose]() {
      await run('pod', 'rm', '--all', '--force', '--time', '0');
      await removeStorage(directory);
    },
  };
}

/**
 * podman's service, or the reason why there is none. With RXPLUG_CONTAINERS=required, which CI sets after installing podman, a
 * missing service fails the test.
 */
export async function startPodman(): Promise<TestEngine | string> {
  const missing = missingFor(['podman', 'runc', 'conmon'], 'podman runc');
  if (missing === undefined) return await start();
  if (process.env['RXPLUG_CONTAINERS'] === 'required') throw new Error(missing);
  return missing;
}

async function start(): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'p'));
  const socketPath = join(directory, 's');
  const options = optionsIn(directory);
  const service = spawn(
    'podman',
    [...options, '--log-level=info', 'system', 'service', '--time', '0', `unix://${socketPath}`],
    // conmon writes the file "oom" into the working directory when a container runs out of memory.
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  );
  await untilSaid(service, 'API service listening');
  const run = (...args: string[]) => output('podman', [...options, ...args], directory);
  return {
    socketPath,
    command: ['podman', ...options],
    run,
    async [Symbol.asyncDispose]() {
      await run('rm', '--all', '--force', '--time', '0');
      await terminate(service);
      await removeStorage(directory);
    },
  };
}

/**
 * What podman runs at the end of an exec may still write there. `maxRetries` of `rmSync` would remove a folder again, and not the files that
 * have come into it meanwhile.
 */
async function removeStorage(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return rmSync(directory, { recursive: true, force: true });
    } catch (error) {
      if (attempt === 50 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
      await setTimeout(100);
    }
}

/** Uses no storage of the machine, no mounts that outlive the test, and cgroups without systemd. */
function optionsIn(directory: string): string[] {
  const at = (name: string) => join(directory, name);
  return [
    '--runtime=runc',
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--events-backend=file',
    `--root=${at('root')}`,
    `--runroot=${at('run')}`,
    `--tmpdir=${at('tmp')}`,
  ];
}
