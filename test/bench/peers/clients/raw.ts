/** Floors: what kernel and event loop take for the same bytes, without framing and without matching replies. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { BatchingWriter } from '../../../../src/protocols/netrpc/batching-writer.js';
import { tlsOf } from '../../identities.js';
import { readRaw, writeRaw } from '../../raw-bytes.js';
import type { ClientWork } from '../client.js';

type Send = (message: Uint8Array) => void;

async function dial(path: string, identity: string | undefined): Promise<Duplex> {
  const socket =
    identity === undefined ? connect(path) : connectTls({ path, servername: 'localhost', ...tlsOf(identity) });
  await once(socket, identity === undefined ? 'connect' : 'secureConnect');
  return socket;
}

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

function streamsOf(sockets: readonly string[], identity: string | undefined): Omit<ClientWork, 'echo'> {
  const [, source, sink] = sockets;
  if (source === undefined || sink === undefined) return {};
  return {
    down: (size, messages) => readRaw(source, size * messages, identity),
    up: (size, messages) => writeRaw(sink, size * messages, identity),
  };
}

/** Each message in a write of its own. */
export async function connectRaw(identity: string | undefined, sockets: readonly string[]): Promise<ClientWork> {
  const socket = await dial(sockets[0]!, identity);
  return { echo: await echoOver(socket, (message) => socket.write(message)), ...streamsOf(sockets, identity) };
}

/** Written as our clients write: the first message of a turn at once, the rest of the turn together. */
export async function connectBatched(identity: string | undefined, sockets: readonly string[]): Promise<ClientWork> {
  const socket = await dial(sockets[0]!, identity);
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
