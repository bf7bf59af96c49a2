import { connect, type NetConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** The size of a read of Node's own sockets. */
const READ_BYTES = 64 * 1024;

/** Receives what a socket has read; the memory is reused after the call. */
export type DirectReader = (chunk: Uint8Array) => void;

/** What sets the reader of a direct socket: a property of the socket itself, so that it ends with it. */
const ATTACH: unique symbol = Symbol('attach');

/**
 * The buffer that all direct sockets of this thread read into. Module-level state, because one buffer for each connection is what it
 * saves: Node allocates 64 KiB for every read, which takes longer than the read and a copy (messages of 1 MiB: 1345 µs of CPU time each,
 * with this buffer 1000 µs; docs/decisions/011). A reader uses or copies the bytes before it returns, so no two sockets need it at once.
 */
let shared: Buffer | undefined;

/** Connects a direct socket, whose data `readDirectly` delivers without a copy. */
export function connectDirect(target: NetConnectOpts): Socket {
  return direct((onread) => connect({ ...target, onread }));
}

/**
 * Makes a direct socket of one that a server has just accepted. Node takes the option `onread` only when a socket is constructed, and a
 * server constructs its sockets itself, so the descriptor is moved to another socket, by two undocumented properties of Node (`_handle`,
 * and `handle` as an option). Where one of them is missing, the accepted socket is returned.
 */
export function acceptDirect(accepted: Socket): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (!canReadIntoBuffer(handle)) return accepted;
  const { allowHalfOpen } = accepted;
  // `handle` is not in Node's types.
  const socket = direct((onread) => new Socket({ handle, allowHalfOpen, onread } as SocketConstructorOpts));
  if (Reflect.get(socket, '_handle') !== handle) return accepted;
  Reflect.set(accepted, '_handle', null);
  // The server counts the connection until the accepted socket is closed.
  socket.once('close', () => accepted.destroy());
  return socket;
}

/**
 * Passes what the connection reads from now on to `reader`, without a copy, instead of emitting `data`; the end is an event as usual. What
 * was read before is still emitted as `data`, first. Has no effect on a connection that is not direct.
 */
export function readDirectly(connection: Duplex, reader: DirectReader): void {
  const attach: unknown = Reflect.get(connection, ATTACH);
  if (typeof attach === 'function') attach(reader);
}

interface OnRead {
  readonly buffer: Buffer;
  readonly callback: (bytes: number) => boolean;
}

function direct(make: (onread: OnRead) => Socket): Socket {
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const buffer = shared;
  let reader: DirectReader | undefined;
  const callback = (bytes: number): boolean => {
    const chunk = buffer.subarray(0, bytes);
    // As Node does without `onread`: false pauses reading until the stream is read.
    if (reader === undefined) return socket.push(Buffer.from(chunk));
    reader(chunk);
    return true;
  };
  const socket = make({ buffer, callback });
  Reflect.set(socket, ATTACH, (given: DirectReader) => {
    reader = given;
  });
  return socket;
}

function canReadIntoBuffer(handle: unknown): boolean {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle;
}
