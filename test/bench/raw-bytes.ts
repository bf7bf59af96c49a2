import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsOf } from './identities.js';

const CHUNK_BYTES = 65_536;

/** Kept, or the engine could find out that nobody looks. */
let seen = 0;

/** Looks at what a reader was given: a byte at either end. */
export function touch(chunk: Uint8Array): number {
  seen = (seen + chunk[0]! + chunk[chunk.length - 1]!) | 0;
  return seen;
}

/** Takes so many bytes from `peers/raw-source` and looks at every chunk; under mutual TLS where there is an identity. */
export function readRaw(path: string, bytes: number, identity?: string): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const socket = connectTo(path, identity);
    socket.on('data', (chunk: Buffer) => {
      touch(chunk);
      left -= chunk.byteLength;
      if (left > 0) return;
      socket.destroy();
      resolve();
    });
  });
}

/** Gives so many bytes to `peers/raw-sink` in writes of 64 KiB and waits until it has read them. */
export async function writeRaw(path: string, bytes: number, identity?: string): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const socket = connectTo(path, identity);
  for (let left = bytes; left > 0; left -= chunk.byteLength) {
    if (!socket.write(left < chunk.byteLength ? chunk.subarray(0, left) : chunk)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket.resume(), 'close');
}

function connectTo(path: string, identity: string | undefined): Socket {
  return identity === undefined ? connect(path) : connectTls({ path, servername: 'localhost', ...tlsOf(identity) });
}
