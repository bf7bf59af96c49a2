/**
 * Serves net/rpc on the unix socket given as argument, until standard input ends. The first byte of a connection tells whether it is
 * one stream, or a yamux session of which every stream is one.
 */
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { serveNetRpc } from '../../../src/protocols/netrpc/rpc-server.js';
import { handler } from '../../../src/protocols/netrpc/rpc-service.js';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';
import { gob } from '../../../src/wire/gob/index.js';
import { answerOrders } from './orders.js';

const services = new Map([['Plugin', new Map([['Echo', handler(gob.bytes, gob.bytes, (bytes) => bytes)]])]]);
const serve = (connection: Duplex): unknown => serveNetRpc(connection, services);

createServer((socket) => {
  socket.once('data', (mode: Buffer) => {
    socket.pause();
    if (mode.length > 1) socket.unshift(mode.subarray(1));
    if (mode[0] === 0) serve(socket);
    else createYamuxSession(socket, { role: 'server' }).stream$.subscribe(serve);
    socket.resume();
  });
}).listen(process.argv[2], () => console.log('ready'));
answerOrders();
