import type { Duplex } from 'node:stream';

/** How long the peer may take to read what was written last and to close its end. */
const CLOSE_GRACE_MS = 1000;

/**
 * Ends a connection behind everything that was written to it, and discards what is received until the peer ends it too; destroys it when
 * that takes more than a second. Resolves when the connection is closed.
 */
export function closeGracefully(connection: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (connection.closed) return resolve();
    const timer = setTimeout(() => {
      connection.destroy();
      resolve();
    }, CLOSE_GRACE_MS);
    connection.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (connection.destroyed) return;
    // A connection that does not keep the process alive still has to be closed.
    if ('ref' in connection && typeof connection.ref === 'function') connection.ref();
    connection.end();
    connection.resume();
  });
}
