import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { tlsOf } from './identities.js';

const CHUNK = Buffer.alloc(65_536);

/** Writes that are on their way at the same time: the kernel has the next one when the last is done. */
const WRITES = 4;

/** Kept, or the engine could find out that nobody looks. */
let seen = 0;

/** Looks at what a reader was given: a byte at either end. */
export function touch(chunk: Uint8Array): number {
  seen = (seen + chunk[0]! + chunk[chunk.length - 1]!) | 0;
  return seen;
}

/** Writes so many zeros in pieces of 64 KiB, each when an earlier one was written. Resolves when the last has been given to the socket. */
export function keepWriting(socket: Duplex, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    let writing = 0;
    const onWritten = () => {
      writing -= 1;
      fill();
    };
    const fill = () => {
      for (; writing < WRITES && left > 0 && !socket.destroyed; writing += 1) {
        const chunk = left < CHUNK.byteLength ? CHUNK.subarray(0, left) : CHUNK;
        left -= chunk.byteLength;
        socket.write(chunk, onWritten);
      }
      if (left <= 0) resolve();
    };
    fill();
  });
}

/** Takes so many bytes from `peers/raw-source` into one buffer and looks at every chunk; under mutual TLS where there is an identity. */
export function readRaw(path: string, bytes: number, identity?: string): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const callback = (count: number, buffer: Uint8Array): boolean => {
      touch(buffer.subarray(0, count));
      left -= count;
      if (left > 0) return true;
      socket.destroy();
      resolve();
      return false;
    };
    const onread = { buffer: READ_BUFFER, callback };
    const socket =
      identity === undefined
        ? connect({ path, onread })
        : // `onread` is documented, and missing in the types.
          connectTls({ path, servername: 'localhost', onread, ...tlsOf(identity) } as ConnectionOptions);
    socket.on('error', () => {});
  });
}

const READ_BUFFER = Buffer.alloc(65_536);

/** Gives so many bytes to `peers/raw-sink` and waits until it has read them. */
export async function writeRaw(path: string, bytes: number, identity?: string): Promise<void> {
  const socket =
    identity === undefined ? connect(path) : connectTls({ path, servername: 'localhost', ...tlsOf(identity) });
  await keepWriting(socket, bytes);
  socket.end();
  await once(socket.resume(), 'close');
}
