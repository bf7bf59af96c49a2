/** The probe service on the stock grpc-js server, on the unix socket given as argument, until standard input ends. */
import { bind, grpcJsProbeServer } from '../../support/grpc-js-probe.js';
import { answerOrders } from './orders.js';

const server = grpcJsProbeServer();
await bind(server, `unix:${process.argv[2]}`);
console.log('ready');
answerOrders();
