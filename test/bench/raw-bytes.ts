import { once } from 'node:events';
import { type ConnectOpts, connect } from 'node:net';
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

/**
 * Writes so many zeros in pieces of 64 KiB, each when an earlier one was written. Resolves when the last has been given to the socket, or
 * the socket has failed.
 */
export function keepWriting(socket: Duplex, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    let writing = 0;
    const onWritten = (error?: Error | null) => {
      // The socket is not destroyed yet, and what is written now fails within the same call: without an end.
      if (error) return resolve();
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

/** A stream of so many bytes, after the one before. */
export type RawStream = (bytes: number) => Promise<void>;

/**
 * Streams from `peers/raw-source` on one connection, under mutual TLS where there is an identity: takes the bytes into one buffer and looks
 * at every chunk.
 */
export async function rawReader(path: string, identity?: string): Promise<RawStream> {
  let left = 0;
  let onDone = () => {};
  const callback = (count: number, buffer: Uint8Array): boolean => {
    touch(buffer.subarray(0, count));
    left -= count;
    if (left > 0) return true;
    onDone();
    return false;
  };
  const socket = await dialRaw(path, identity, { onread: { buffer: Buffer.alloc(65_536), callback } });
  return (bytes) =>
    new Promise((resolve) => {
      left = bytes;
      onDone = resolve;
      socket.resume();
    });
}

/** Streams to `peers/raw-sink` on one connection. Each begins with its length, and is done when the sink has read and answered it. */
export async function rawWriter(path: string, identity?: string): Promise<RawStream> {
  const socket = await dialRaw(path, identity);
  return async (bytes) => {
    const answered = once(socket, 'data');
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeDoubleLE(bytes);
    socket.write(length);
    await keepWriting(socket, bytes);
    await answered;
  };
}

const LENGTH_BYTES = 8;

/** What the sink does with the chunks of a connection: looks at each, and calls back at the end of each stream. */
export function rawSink(onStream: () => void): (chunk: Uint8Array) => void {
  let left = 0;
  return (chunk) => {
    touch(chunk);
    let { byteLength } = chunk;
    if (left === 0) {
      left = new DataView(chunk.buffer, chunk.byteOffset).getFloat64(0, true);
      byteLength -= LENGTH_BYTES;
    }
    left -= byteLength;
    if (left === 0) onStream();
  };
}

/** Connected, under mutual TLS where there is an identity. */
export async function dialRaw(
  path: string,
  identity: string | undefined,
  options: Pick<ConnectOpts, 'onread'> = {},
): Promise<Duplex> {
  const socket =
    identity === undefined
      ? connect({ path, ...options })
      : // `onread` is documented, and missing in the types.
        connectTls({ path, servername: 'localhost', ...options, ...tlsOf(identity) } as ConnectionOptions);
  await once(socket, identity === undefined ? 'connect' : 'secureConnect');
  return socket;
}
