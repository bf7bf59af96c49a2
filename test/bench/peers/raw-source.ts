/** Sends zeros to everyone who connects, as fast as they read, in writes of 64 KiB, until standard input ends; see `listenAsTold`. */
import { keepWriting } from '../raw-bytes.js';
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

listenAsTold((socket) => {
  socket.on('error', () => {});
  void keepWriting(socket, Number.POSITIVE_INFINITY);
});
answerOrders();
