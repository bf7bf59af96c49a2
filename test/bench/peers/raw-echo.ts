/** Sends every byte back, on the unix socket given as argument, until standard input ends: the floor under every protocol. */
import { createServer } from 'node:net';

createServer((socket) => {
  socket.on('error', () => {});
  socket.pipe(socket);
}).listen(process.argv[2], () => console.log('ready'));
process.stdin.resume().once('end', () => process.exit(0));
