import { connect } from 'node:net';

/** The system's code for why nobody can be connected to at a unix socket, such as ECONNREFUSED; undefined if somebody listens. Never rejects. */
export function connectionFailure(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
