/**
 * `Echo`, `Produce` and `Consume` of the probe service on the stock grpc-js server, on the unix socket given as argument, under mutual
 * TLS if a directory with an identity is given too, until standard input ends.
 */
import { once } from 'node:events';
import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { type Digest, type Payload, ProbeDefinition, type ProduceRequest } from '../../conformance/gen/probe.js';
import { bind, grpcJsService } from '../../support/grpc-js-probe.js';
import { tlsOf } from '../identities.js';
import { touch } from '../raw-bytes.js';
import { answerOrders } from './orders.js';

const echo: handleUnaryCall<Payload, Payload> = (call, answer) => answer(null, call.request);

const produce: handleServerStreamingCall<ProduceRequest, Partial<Payload>> = (call) => void produceAll(call);

async function produceAll(call: ServerWritableStream<ProduceRequest, Partial<Payload>>): Promise<void> {
  const payload = { data: Buffer.alloc(call.request.size, 'p') };
  for (let left = call.request.count; left > 0; left -= 1) if (!call.write(payload)) await once(call, 'drain');
  call.end();
}

const consume: handleClientStreamingCall<Payload, Partial<Digest>> = (call, answer) => {
  let count = 0;
  call.on('data', ({ data }: Payload) => {
    count += 1;
    touch(data);
  });
  call.on('end', () => answer(null, { count }));
};

const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
server.addService(grpcJsService(ProbeDefinition), { echo, produce, consume });
const [socketPath, directory] = process.argv.slice(2);
await bind(server, `unix:${socketPath}`, credentialsOf(directory));
console.log('ready');
answerOrders();

function credentialsOf(identity: string | undefined): ServerCredentials {
  if (identity === undefined) return ServerCredentials.createInsecure();
  const { ca, cert, key } = tlsOf(identity);
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}
