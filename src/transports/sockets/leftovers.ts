import { rmSync, unlinkSync } from 'node:fs';

/** A socket file, and the directory that was made for it. */
export interface SocketPlace {
  readonly path?: string;
  readonly directory?: string;
}

const places = new Set<SocketPlace>();

/**
 * Makes sure that a socket file and its directory do not survive this process, an uncaught exception included: one hook on `exit`,
 * there only as long as something is registered. Nothing runs after SIGKILL, or after a signal without a handler.
 */
export function removeAtExit(place: SocketPlace): void {
  if (places.size === 0) process.on('exit', removeAll);
  places.add(place);
}

/** Removes it now, a directory with all that killed processes left in it. Idempotent; never throws. */
export function removeNow(place: SocketPlace): void {
  if (places.delete(place) && places.size === 0) process.off('exit', removeAll);
  if (place.path !== undefined) attempt(unlinkSync, place.path);
  if (place.directory !== undefined) attempt((path) => rmSync(path, { recursive: true, force: true }), place.directory);
}

/** Newest first: a socket before the directory that it is in. */
function removeAll(): void {
  for (const place of [...places].reverse()) removeNow(place);
}

function attempt(remove: (path: string) => void, path: string): void {
  try {
    remove(path);
  } catch {}
}
