/** The probe service on our gRPC server, on the unix socket given as argument, until standard input ends; see `listenAsTold`. */
import { createGrpcServer } from '../../../src/protocols/grpc/server.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { probeService } from '../probe-service.js';
import { listenAsTold } from '../secure-listen.js';
import { answerOrders } from './orders.js';

const server = createGrpcServer({ engine: 'native' });
server.addService(ProbeDefinition, probeService);
listenAsTold((connection) => server.inject(connection));
answerOrders();
