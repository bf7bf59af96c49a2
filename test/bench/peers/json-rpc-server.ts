/** Answers `echo` with its parameters by vscode-jsonrpc, on the unix socket given as first argument, until standard input ends. */
import { createServer } from 'node:net';
import { connectionOver } from './json-rpc-connection.js';
import { answerOrders } from './orders.js';

const [path, library] = process.argv.slice(2) as [string, string];
const server = createServer((socket) => {
  socket.on('error', () => {});
  void connectionOver(socket, library).then((connection) => {
    connection.onRequest('echo', (params) => params);
    connection.listen();
  });
});
server.listen(path, () => console.log('ready'));
answerOrders();
