import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { CommandFailure, ExitCode } from '../process/exit-code.js';
import { connectionFailure } from './connection-failure.js';

/** How often it is tried again when several sidecars begin at the same moment. */
const MAX_ATTEMPTS = 10;

/** What the system says when nobody listens at a socket any more. */
const GONE: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * Keeps other sidecars from the same name in a folder until the returned function is called or this process ends. A socket and not a file with a
 * process id, which another container could not judge. Rejects with a CommandFailure when another one keeps it, or when the folder cannot be used.
 *
 * Each attempt has a path with a number of its own, `.NAME.lock.1` and so on: the socket of a killed sidecar cannot be replaced in one step, and of two that
 * do it at the same moment the second would remove what the first listens at. Whoever listens looks at the other paths after that, so that of two
 * at least one sees the other, and gives way.
 */
export async function lockName(directory: string, name: string): Promise<() => void> {
  // A path is no socket there, and without containers there is nobody to share a folder with.
  if (process.platform === 'win32') return () => {};
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await locksOf(directory, name);
    if (before.some(({ isKept }) => isKept)) throw taken(directory, name);
    const number = Math.max(0, ...before.map((lock) => lock.number)) + 1;
    const path = join(directory, `.${name}.lock.${number}`);
    const server = await listenAt(path, directory);
    if (server === undefined) continue;
    const others = (await locksOf(directory, name)).filter((lock) => lock.number !== number);
    // One that looked while this process did not listen yet may have removed the path as that of a killed one.
    if (others.some(({ isKept }) => isKept) || !existsSync(path)) {
      server.close();
      continue;
    }
    for (const stale of others) rmSync(stale.path, { force: true });
    return () => void server.close();
  }
  throw taken(directory, name);
}

interface Lock {
  readonly path: string;
  readonly number: number;
  /** Whether a sidecar listens there. */
  readonly isKept: boolean;
}

async function locksOf(directory: string, name: string): Promise<Lock[]> {
  const prefix = `.${name}.lock.`;
  const names = await readdir(directory).catch((error: Error) => {
    throw cannotUse(directory, error);
  });
  const numbers = names.filter((entry) => entry.startsWith(prefix)).map((entry) => Number(entry.slice(prefix.length)));
  return await Promise.all(
    numbers.filter(Number.isSafeInteger).map(async (number) => {
      const path = join(directory, prefix + number);
      return { path, number, isKept: !GONE.has(await connectionFailure(path)) };
    }),
  );
}

/** Undefined when the path is there by now. */
async function listenAt(path: string, directory: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).listen(path);
  try {
    await once(server, 'listening');
    return server.unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw cannotUse(directory, error as Error);
  }
}

function cannotUse(directory: string, { message }: Error): CommandFailure {
  return new CommandFailure(
    ExitCode.start,
    `Cannot write in the folder ${directory}: ${message}. Let the user of this process write there.`,
  );
}

function taken(directory: string, name: string): CommandFailure {
  return new CommandFailure(
    ExitCode.start,
    `Another sidecar keeps the name ${name} in ${directory}. End it, or give this one another --name.`,
  );
}
