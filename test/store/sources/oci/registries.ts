import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { debianFiles } from '../../../support/debian.js';
import { goProgram } from '../../../support/go-program.js';
import { temporaryFolder } from '../plugin-archives.js';

/** Debian's docker-registry, crane with a registry in it, and oras, a client: undefined where they cannot be had, which in CI is an error. */
export const PROGRAMS = {
  dockerRegistry: await dockerRegistry(),
  crane: program(await goProgram('github.com/google/go-containerregistry/cmd/crane', 'v0.22.1')),
  oras: program(await goProgram('oras.land/oras/cmd/oras', 'v1.3.6')),
  skopeo: installed('skopeo'),
};

function program(found: string | { readonly missing: string }): string | undefined {
  return typeof found === 'string' ? found : undefined;
}

function installed(name: string): string | undefined {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return name;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return undefined;
  }
}

async function dockerRegistry(): Promise<string | undefined> {
  if (existsSync('/usr/bin/docker-registry')) return '/usr/bin/docker-registry';
  const files = await debianFiles('docker-registry');
  return files === undefined ? undefined : join(files, 'usr/bin/docker-registry');
}

/** The options of a test that needs programs. */
export function needs(...names: readonly (keyof typeof PROGRAMS)[]): { readonly skip: string | false } {
  const missing = names.filter((name) => PROGRAMS[name] === undefined);
  return { skip: missing.length > 0 && `${missing.join(', ')} cannot be had.` };
}

export interface RunningRegistry {
  /** `localhost:1234`. */
  readonly host: string;
}

/** Starts Debian's registry; `auth` is a part of its configuration. */
export async function startDockerRegistry(t: TestContext, auth?: object): Promise<RunningRegistry> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'of a test' },
    ...(auth !== undefined && { auth }),
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn(PROGRAMS.dockerRegistry!, ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilSays(t, child, child.stderr, /listening on/);
  return { host: `localhost:${port}` };
}

/** Starts the registry of go-containerregistry, which keeps everything in memory. */
export async function startCraneRegistry(t: TestContext): Promise<RunningRegistry> {
  const port = await freePort();
  const child = spawn(PROGRAMS.crane!, ['registry', 'serve', '--address', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilSays(t, child, child.stderr, /serving on port/);
  return { host: `localhost:${port}` };
}

async function untilSays(t: TestContext, child: ChildProcess, output: Readable, what: RegExp): Promise<void> {
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const said: string[] = [];
  const lines = createInterface(output);
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      if (what.test(line)) resolve();
    });
    lines.on('close', () => reject(new Error(`It has ended: ${said.join('\n')}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
