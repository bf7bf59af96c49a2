/** Reads the streams of everyone who connects (`rawWriter`) and answers each with a byte, until standard input ends; see `listenAsTold`. */
// The floor of reading is reading into one buffer. Node's servers have no option for it: this is what the library does.
import { Socket } from 'node:net';
import { acceptDirect, readDirectly } from '../../../src/transports/sockets/direct-socket.js';
import { rawSink } from '../raw-bytes.js';
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

listenAsTold((accepted) => {
  // A TLSSocket has other memory; it is read as it is.
  const isPlain = accepted instanceof Socket && !('encrypted' in accepted);
  const socket = isPlain ? acceptDirect(accepted) : accepted;
  socket.on('error', () => {});
  const take = rawSink(() => socket.write('k'));
  readDirectly(socket, take);
  socket.on('data', take);
});
answerOrders();
