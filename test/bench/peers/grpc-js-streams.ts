/** `Produce` and `Consume` of the probe service on the stock grpc-js server, on the unix socket given as argument, until standard input ends. */
import { once } from 'node:events';
import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  Server,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { type Digest, type Payload, ProbeDefinition, type ProduceRequest } from '../../conformance/gen/probe.js';
import { bind, grpcJsService } from '../../support/grpc-js-probe.js';
import { touch } from '../raw-bytes.js';

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
server.addService(grpcJsService(ProbeDefinition), { produce, consume });
await bind(server, `unix:${process.argv[2]}`);
console.log('ready');
process.stdin.resume().once('end', () => process.exit(0));
