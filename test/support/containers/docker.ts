import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingFor, output, type TestEngine, terminate, untilSaid } from './engine.js';

/** A dockerd, or the reason why there is none: it is not installed, or cannot run here (for example in a container without privileges). */
export async function startDocker(): Promise<TestEngine | string> {
  const missing = missingFor(['dockerd', 'docker', 'runc'], 'docker.io');
  if (missing !== undefined) return missing;
  return await start().catch((error: Error) => `dockerd does not run here: ${error.message}`);
}

async function start(): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'd'));
  const socketPath = join(directory, 's');
  const at = (name: string) => `${join(directory, name)}`;
  const service = spawn(
    'dockerd',
    [
      '--iptables=false',
      '--bridge=none',
      '--storage-driver=vfs',
      `--data-root=${at('data')}`,
      `--exec-root=${at('exec')}`,
      `--pidfile=${at('pid')}`,
      `--host=unix://${socketPath}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  );
  await untilSaid(service, 'API listen on').catch((error: unknown) => {
    service.kill('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
    throw error;
  });
  const run = (...args: string[]) => output('docker', [`--host=unix://${socketPath}`, ...args], directory);
  return {
    socketPath,
    command: ['docker', `--host=unix://${socketPath}`],
    run,
    async [Symbol.asyncDispose]() {
      await terminate(service);
      unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Unmounts the namespace that dockerd leaves mounted. */
function unmountBelow(directory: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(directory)).reverse()) {
    execFileSync('umount', [mount]);
  }
}
