import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { CommandFailure, ExitCode } from '../process/exit-code.js';
import { connectionFailure } from './connection-failure.js';

/**
 * Keeps other sidecars from the same name in a folder until the returned function is called or this process ends. A socket and not a file with a
 * process id, which another container could not judge. Rejects with a CommandFailure when another one keeps it, or when the folder cannot be written.
 */
export async function lockName(directory: string, name: string): Promise<() => void> {
  // A path is no socket there, and without containers there is nobody to share a folder with.
  if (process.platform === 'win32') return () => {};
  const path = join(directory, `.${name}.lock`);
  const server = await listenAt(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw cannotUse(directory, error);
    if ((await connectionFailure(path)) !== 'ECONNREFUSED') throw taken(directory, name);
    rmSync(path, { force: true });
    return await listenAt(path).catch((again: Error) => {
      throw cannotUse(directory, again);
    });
  });
  return () => void server.close();
}

async function listenAt(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(path);
  await once(server, 'listening');
  return server.unref();
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
