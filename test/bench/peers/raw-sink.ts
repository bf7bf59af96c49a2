/** Reads what everyone who connects sends, looks at every chunk and hangs up behind the last, until standard input ends; see `listenAsTold`. */
// Not used: what a reader's memory costs depends on the heap that the collector has to look through, so it has to be that of a plugin.
import '../../../src/protocols/grpc/engine.js';
import { touch } from '../raw-bytes.js';
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

listenAsTold((socket) => {
  socket.on('error', () => {}).on('data', touch);
});
answerOrders();
