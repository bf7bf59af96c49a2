import { connect, type NetConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** What Node's own sockets read at once. */
const READ_BYTES = 64 * 1024;

/** Takes what a socket has read; the memory is used again after the call. */
export type DirectReader = (chunk: Uint8Array) => void;

/** How direct sockets are told of their reader. */
const attachments = new WeakMap<Duplex, (reader: DirectReader) => void>();

/**
 * Where all direct sockets of this thread read into: what was read is looked at, or copied, before anything else is read. For Node
 * allocates 64 KiB for each read, which costs more than the read and a copy (messages of 1 MiB: 1345 µs of CPU time each, with this
 * 1000; docs/decisions/011).
 */
let shared: Buffer | undefined;

/** Connects a direct socket: who asks for that (`readDirectly`) gets what it reads without a copy. */
export function connectDirect(target: NetConnectOpts): Socket {
  return direct((onread) => connect({ ...target, onread }));
}

/**
 * A direct socket in the place of one that a server has just accepted and nobody has read from. Node takes the option `onread` only where
 * a socket is made, and a server makes its own: so the descriptor moves to another socket, by way of two properties that Node does not
 * document (`_handle`, and `handle` as an option). Where one of them is missing the accepted socket is used as it is.
 */
export function acceptDirect(accepted: Socket): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (!canReadIntoBuffer(handle)) return accepted;
  const { allowHalfOpen } = accepted;
  // `handle` is not in Node's types.
  const socket = direct((onread) => new Socket({ handle, allowHalfOpen, onread } as SocketConstructorOpts));
  if (Reflect.get(socket, '_handle') !== handle) return accepted;
  Reflect.set(accepted, '_handle', null);
  // The server counts the connection until its own socket has closed.
  socket.once('close', () => accepted.destroy());
  return socket;
}

/**
 * Hands what the connection reads from here on to `reader` instead of `data` events, without copying it; the end comes as ever. Has no
 * effect on a connection that is not direct. What was read before still comes as `data`, and before.
 */
export function readDirectly(connection: Duplex, reader: DirectReader): void {
  attachments.get(connection)?.(reader);
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
    // As Node does without `onread`: false stops reading until somebody reads.
    if (reader === undefined) return socket.push(Buffer.from(chunk));
    reader(chunk);
    return true;
  };
  const socket = make({ buffer, callback });
  attachments.set(socket, (given) => {
    reader = given;
  });
  return socket;
}

function canReadIntoBuffer(handle: unknown): boolean {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle;
}
