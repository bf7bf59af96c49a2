/**
 * The probe service on our gRPC server, on the unix socket given as argument, under mutual TLS if a directory with an identity is given
 * too, until standard input ends. It listens as a plugin does.
 */
import { createGrpcServer } from '../../../src/protocols/grpc/engine.js';
import { bind, createSocketServer, SocketListener } from '../../../src/transports/sockets/socket-listener.js';
import { secureListener } from '../../../src/transports/tls/tls.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { tlsOf } from '../identities.js';
import { probeService } from '../probe-service.js';
import { answerOrders } from './orders.js';

const [path, directory] = process.argv.slice(2) as [string, string?];
const server = createGrpcServer();
server.addService(ProbeDefinition, probeService);
const socketServer = createSocketServer();
await bind(socketServer, { path });
const plain = new SocketListener(socketServer, { network: 'unix', address: path });
const listener = directory === undefined ? plain : secureListener(plain, tlsOf(directory), { alpn: ['h2'] });
listener.connection$.subscribe((connection) => server.inject(connection));
console.log('ready');
answerOrders();
