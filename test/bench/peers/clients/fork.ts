/** What Node has for talking to a child process and to a thread. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ClientWork } from '../client.js';

const ECHO = fileURLToPath(new URL('../ipc-echo.js', import.meta.url));

interface Port {
  on(event: 'message', listener: (answer: { readonly id: number }) => void): unknown;
}

/** As applications do it: a number in each message tells which answer belongs to it. */
function echoBy(port: Port, send: (message: object) => void, encode: (message: Uint8Array) => unknown): ClientWork {
  const waiting = new Map<number, () => void>();
  let lastId = 0;
  port.on('message', ({ id }) => {
    waiting.get(id)?.();
    waiting.delete(id);
  });
  const echo = (message: Uint8Array) =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, () => resolve(undefined));
      send({ id, method: 'echo', params: { data: encode(message) } });
    });
  return { echo };
}

/** JSON has no bytes: they are base64, as most do it. */
export function forked(serialization: 'json' | 'advanced'): () => Promise<ClientWork> {
  return async () => {
    const child = fork(ECHO, { serialization });
    process.once('exit', () => child.kill());
    const toText = (message: Uint8Array) => Buffer.from(message).toString('base64');
    return echoBy(child, (message) => child.send(message), serialization === 'json' ? toText : (message) => message);
  };
}

export async function connectThread(): Promise<ClientWork> {
  const worker = new Worker(ECHO);
  return echoBy(
    worker,
    (message) => worker.postMessage(message),
    (message) => message,
  );
}
