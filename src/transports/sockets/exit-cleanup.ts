import { existsSync, unlinkSync } from 'node:fs';
import { removeDirectory } from './remove-directory.js';

/** A socket file and the directory that was created for it. */
export interface SocketPlace {
  readonly path?: string;
  readonly directory?: string;
}

/**
 * What is to be removed when this process exits. Module-level state, because `exit` is an event of the process: with one listener for each
 * socket, Node would warn of a leak.
 */
const places = new Set<SocketPlace>();

/**
 * Removes a socket file and its directory when this process exits, after an uncaught exception too. There is one listener for `exit`, as
 * long as something is registered. It does not run after SIGKILL, or after a signal without a handler.
 */
export function removeAtExit(place: SocketPlace): void {
  if (places.size === 0) process.on('exit', removeAll);
  places.add(place);
}

/** Removes a socket file and its directory with all files in it. Idempotent; never throws. */
export function removeNow(place: SocketPlace): void {
  if (places.delete(place) && places.size === 0) process.off('exit', removeAll);
  if (place.path !== undefined) removeFile(place.path);
  if (place.directory !== undefined) removeDirectory(place.directory);
}

/** The private directories that this process is going to remove. */
export function ownDirectories(): ReadonlySet<string> {
  return new Set([...places].flatMap(({ directory }) => directory ?? []));
}

/** Newest first: a socket before its directory. */
function removeAll(): void {
  for (const place of [...places].reverse()) removeNow(place);
}

/** Looked for first: Node has removed the file of a listener that it closed, and the error of a missing one takes longer. */
function removeFile(path: string): void {
  try {
    if (existsSync(path)) unlinkSync(path);
  } catch {}
}
