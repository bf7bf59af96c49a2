/** The echo of `http2-server` on node:http2, on the unix socket given as argument, until standard input ends. */
import { createServer } from 'node:http2';
import { answerOrders } from './orders.js';

const settings = { initialWindowSize: 1024 * 1024 };
const server = createServer({ settings });
server.on('session', (session) => session.setLocalWindowSize(32 * 1024 * 1024));
server.on('stream', (stream, headers) => {
  const [, path, total, size] = String(headers[':path']).split('/');
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
  stream.on('error', () => {});
  if (path === 'sink') stream.resume().once('end', () => stream.end());
  else if (path === 'source') source(stream, Number(total), Number(size));
  else stream.once('data', (chunk: Buffer) => stream.end(chunk));
});
server.listen(process.argv[2], () => console.log('ready'));
answerOrders();

function source(stream: NodeJS.WritableStream, total: number, size: number): void {
  const message = Buffer.alloc(size);
  let left = total;
  const fill = () => {
    for (; left > 0; left -= 1) if (!stream.write(message)) return void (left -= 1);
    stream.end();
  };
  stream.on('drain', fill);
  fill();
}
