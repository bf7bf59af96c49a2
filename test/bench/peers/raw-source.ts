/** Sends zeros to everyone who connects, as fast as they read, in writes of the second argument's size, until standard input ends. */
import { createServer } from 'node:net';
import { answerOrders } from './orders.js';

const chunk = Buffer.alloc(Number(process.argv[3] ?? 65_536));
createServer((socket) => {
  socket.on('error', () => {});
  const fill = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', fill);
  fill();
}).listen(process.argv[2], () => console.log('ready'));
answerOrders();
