/** The probe service on our gRPC server, on the unix socket given as argument, until standard input ends. */
import { createServer } from 'node:net';
import { createGrpcServer } from '../../../src/protocols/grpc/server.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { probeService } from '../probe-service.js';
import { answerOrders } from './orders.js';

const server = createGrpcServer({ engine: 'native' });
server.addService(ProbeDefinition, probeService);
createServer((socket) => server.inject(socket)).listen(process.argv[2], () => console.log('ready'));
answerOrders();
