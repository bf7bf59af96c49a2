/** Sends every byte back, on the unix socket given as argument, until standard input ends: the floor under every protocol. */
import { createServer } from 'node:net';
import { answerOrders } from './orders.js';

createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
}).listen(process.argv[2], () => console.log('ready'));
answerOrders();
