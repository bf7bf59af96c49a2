/** Sends zeros to everyone who connects, as fast as they read, in writes of 64 KiB, until standard input ends; see `listenAsTold`. */
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

const chunk = Buffer.alloc(65_536);
listenAsTold((socket) => {
  socket.on('error', () => {});
  const fill = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', fill);
  fill();
});
answerOrders();
