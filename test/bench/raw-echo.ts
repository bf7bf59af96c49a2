import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Identities, tlsOf } from './identities.js';
import { startPeer } from './peer.js';

/** Length-prefixed messages to a process that sends them back, over a bare unix socket: as fast as two Node processes can talk. */
export interface RawEcho extends AsyncDisposable {
  echo(message: Uint8Array): Promise<void>;
  /** CPU time of the other process, in microseconds. */
  cpuMicros(): Promise<number>;
}

/** Under mutual TLS where identities are given. */
export async function startRawEcho(identities?: Identities): Promise<RawEcho> {
  const peer = await startPeer('raw-echo', ...(identities === undefined ? [] : [identities.server]));
  const { socketPath } = peer;
  const socket =
    identities === undefined
      ? connect(socketPath)
      : connectTls({ path: socketPath, servername: 'localhost', ...tlsOf(identities.client) });
  await once(socket, identities === undefined ? 'connect' : 'secureConnect');
  const waiting: (() => void)[] = [];
  let pending = 0;
  let expected: number[] = [];
  socket.on('data', (chunk: Buffer) => {
    pending += chunk.byteLength;
    let done = 0;
    while (done < expected.length && pending >= expected[done]!) pending -= expected[done++]!;
    expected = done === 0 ? expected : expected.slice(done);
    for (const resolve of waiting.splice(0, done)) resolve();
  });
  return {
    cpuMicros: () => peer.cpuMicros(),
    echo: (message) =>
      new Promise((resolve) => {
        const frame = Buffer.allocUnsafe(4 + message.byteLength);
        frame.writeUInt32BE(message.byteLength, 0);
        frame.set(message, 4);
        waiting.push(resolve);
        expected.push(frame.byteLength);
        socket.write(frame);
      }),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await peer[Symbol.asyncDispose]();
    },
  };
}
