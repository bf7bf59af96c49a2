/** Sends every byte back, on the unix socket given as argument, until standard input ends: the floor under every protocol. */
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

listenAsTold((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
});
answerOrders();
