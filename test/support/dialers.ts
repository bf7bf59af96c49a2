import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { duplexPair } from '../../src/testing/duplex-pair.js';
import type { Dialer } from '../../src/transports/transport.js';

/** Dials a unix socket or a port of this machine, any number of times. */
export function netDialer(where: string | number): Dialer {
  return {
    dial: ({ signal } = {}) =>
      new Promise((resolve, reject) => {
        const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where);
        socket.once('error', reject).once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
        signal?.addEventListener('abort', () => socket.destroy(), { once: true });
      }),
  };
}

/** Every dial makes an in-memory connection and passes its other end to `accept`. */
export function memoryDialer(accept: (far: Duplex) => void): Dialer {
  return {
    dial: () => {
      const [near, far] = duplexPair();
      far.on('error', () => {});
      accept(far);
      return Promise.resolve(near);
    },
  };
}
