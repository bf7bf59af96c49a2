import { once } from 'node:events';
import { connect } from 'node:http2';
import { createConnection, type Socket } from 'node:net';
import type { HeaderList } from '../../../../src/transports/http2/interfaces.js';
import { connectHttp2 } from '../../../../src/transports/http2/open-session.js';
import type { ClientWork } from '../client.js';

const ignore = () => {};
const WINDOW_BYTES = 32 * 1024 * 1024;
/** node's own mark of 16 KiB would wait for a drain after every message of a stream. */
const WRITE_MARK_BYTES = 256 * 1024;
const FIELDS = {
  ':method': 'POST',
  ':scheme': 'http',
  ':authority': 'localhost',
  'content-type': 'application/grpc',
  te: 'trailers',
  'user-agent': 'bench',
};

/** In wire order. */
function listOf(path: string): HeaderList {
  const { ':method': method, ':scheme': scheme, ...rest } = FIELDS;
  return Object.entries({ ':method': method, ':scheme': scheme, ':path': path, ...rest }).flat();
}

/** One list for each path, which our client then encodes once. */
function memoized(make: (path: string) => HeaderList): (path: string) => HeaderList {
  const made = new Map<string, HeaderList>();
  return (path) => {
    const list = made.get(path) ?? make(path);
    made.set(path, list);
    return list;
  };
}

async function dial(socketPath: string): Promise<Socket> {
  const socket = createConnection(socketPath);
  await once(socket, 'connect');
  return socket;
}

/** Sends `messages` of one size on a stream of its own, to which the server then answers as it likes. */
type Call = (path: string, messages: number, message: Uint8Array) => Promise<void>;

const NOTHING = new Uint8Array();

/** What the servers `http2-server` and `node-http2-server` answer to. */
function workOf(call: Call): ClientWork {
  return {
    echo: (message) => call('/unary', 1, message),
    down: (size, messages) => call(`/source/${messages}/${size}`, 0, NOTHING),
    up: (size, messages) => call('/sink', messages, new Uint8Array(size)),
  };
}

export async function connectOwn(_identity: string | undefined, [path = '']: readonly string[]): Promise<ClientWork> {
  const headersOf = memoized(listOf);
  const session = connectHttp2(await dial(path), { onClose: ignore }, { connectionWindowBytes: WINDOW_BYTES });
  return workOf(
    (path, messages, message) =>
      new Promise((resolve, reject) => {
        const fill = filler(messages, (last) => stream.write(message, last));
        const events = {
          onHeaders: ignore,
          onData: (chunk: Uint8Array) => stream.consume(chunk.length),
          onTrailers: ignore,
          onEnd: resolve,
          onReset: (code: number) => reject(new Error(`reset ${code}`)),
          onDrain: fill,
        };
        const stream = session.open(headersOf(path), events, messages === 0);
        fill();
      }),
  );
}

/** The same on the client of node:http2. */
export async function connectNode(_identity: string | undefined, [path = '']: readonly string[]): Promise<ClientWork> {
  const socket = await dial(path);
  const session = connect('http://localhost', {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: 1024 * 1024 },
  });
  await once(session, 'connect');
  session.setLocalWindowSize(WINDOW_BYTES);
  return workOf(
    (path, messages, message) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ...FIELDS, ':path': path }, { endStream: messages === 0 });
        const fill = filler(messages, (last) => {
          if (last) stream.end(message);
          else stream.write(message);
          return stream.writableLength < WRITE_MARK_BYTES;
        });
        stream.on('data', ignore).on('end', resolve).on('error', reject).on('drain', fill);
        fill();
      }),
  );
}

/** Writes until there is no room, and goes on when it is called again. */
function filler(messages: number, write: (last: boolean) => boolean): () => void {
  let left = messages;
  return () => {
    while (left > 0) {
      left -= 1;
      if (!write(left === 0)) return;
    }
  };
}
