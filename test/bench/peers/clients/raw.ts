/** Floors: what kernel and event loop take for the same bytes, without framing and without matching replies. */
import type { Duplex } from 'node:stream';
import { BatchingWriter } from '../../../../src/protocols/netrpc/batching-writer.js';
import { dialRaw, rawReader, rawWriter } from '../../raw-bytes.js';
import type { ClientWork } from '../client.js';

type Send = (message: Uint8Array) => void;

/** Messages of one length at a time come back in order. */
async function echoOver(socket: Duplex, send: Send): Promise<ClientWork['echo']> {
  const waiting: (() => void)[] = [];
  let first = 0;
  let pending = 0;
  let length = 1;
  socket.on('data', (chunk: Buffer) => {
    for (pending += chunk.byteLength; pending >= length && first < waiting.length; pending -= length) {
      waiting[first++]!();
    }
    if (first < waiting.length) return;
    waiting.length = 0;
    first = 0;
  });
  return (message) =>
    new Promise((resolve) => {
      length = message.byteLength;
      waiting.push(() => resolve(undefined));
      send(message);
    });
}

async function streamsOf(
  [, source, sink]: readonly string[],
  identity: string | undefined,
): Promise<Omit<ClientWork, 'echo'>> {
  if (source === undefined || sink === undefined) return {};
  const [read, write] = [await rawReader(source, identity), await rawWriter(sink, identity)];
  return { down: (size, messages) => read(size * messages), up: (size, messages) => write(size * messages) };
}

/** Each message in a write of its own. */
export async function connectRaw(identity: string | undefined, sockets: readonly string[]): Promise<ClientWork> {
  const socket = await dialRaw(sockets[0]!, identity);
  return { echo: await echoOver(socket, (message) => socket.write(message)), ...(await streamsOf(sockets, identity)) };
}

/** Written as our clients write: the first message of a turn at once, the rest of the turn together. */
export async function connectBatched(identity: string | undefined, sockets: readonly string[]): Promise<ClientWork> {
  const socket = await dialRaw(sockets[0]!, identity);
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  const source = {
    get pendingBytes() {
      return bytes;
    },
    take() {
      const all = Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
      return all;
    },
  };
  const writer = new BatchingWriter(socket, source);
  const send: Send = (message) => {
    gathered.push(message);
    bytes += message.byteLength;
    writer.appended();
  };
  return { echo: await echoOver(socket, send) };
}
