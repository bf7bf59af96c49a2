/**
 * The demo server on our HTTP/2 on the unix socket given as argument, until standard input ends: an echo that answers with headers,
 * body and trailers as gRPC does, a source of bytes and a sink.
 */
import { createServer } from 'node:net';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../../../src/transports/http2/interfaces.js';
import { serveHttp2 } from '../../../src/transports/http2/open-session.js';
import { answerOrders } from './orders.js';

const RESPONSE: HeaderList = [':status', '200', 'content-type', 'application/grpc'];
const TRAILERS: HeaderList = ['grpc-status', '0', 'grpc-message', ''];
const ignore = () => {};

function unary(stream: Http2Stream): Http2StreamEvents {
  return {
    onHeaders: ignore,
    onData: (chunk) => {
      stream.sendHeaders(RESPONSE);
      stream.write(chunk);
      stream.consume(chunk.length);
    },
    onTrailers: ignore,
    onEnd: () => stream.sendTrailers(TRAILERS),
    onReset: ignore,
    onDrain: ignore,
  };
}

function source(stream: Http2Stream, total: number, size: number): Http2StreamEvents {
  const message = new Uint8Array(size);
  let left = total;
  const fill = () => {
    for (; left > 0; left -= 1) if (!stream.write(message)) return void (left -= 1);
    stream.sendTrailers(TRAILERS);
  };
  stream.sendHeaders(RESPONSE);
  setImmediate(fill);
  return { ...unary(stream), onEnd: ignore, onDrain: fill };
}

function sink(stream: Http2Stream): Http2StreamEvents {
  return {
    ...unary(stream),
    onData: (chunk) => stream.consume(chunk.length),
    onEnd: () => {
      stream.sendHeaders(RESPONSE);
      stream.sendTrailers(TRAILERS);
    },
  };
}

function handle(stream: Http2Stream, headers: HeaderList): Http2StreamEvents {
  // Clients order the fields as they like.
  const [, path, total, size] = headers[headers.indexOf(':path') + 1]!.split('/');
  if (path === 'source') return source(stream, Number(total), Number(size));
  return path === 'sink' ? sink(stream) : unary(stream);
}

createServer((socket) => void serveHttp2(socket, handle, { onClose: ignore })).listen(process.argv[2], () =>
  console.log('ready'),
);
answerOrders();
