import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'multiplexed, memory, the default engine', options: { multiplex: true } },
  { name: 'multiplexed, unix, native', options: { multiplex: true, transport: 'unix', grpcEngine: 'native' } },
  {
    name: 'multiplexed, tcp, TLS, native',
    options: { multiplex: true, transport: 'tcp', tls: true, grpcEngine: 'native' },
  },
  { name: 'multiplexed, unix, grpc-js', options: { multiplex: true, transport: 'unix', grpcEngine: 'grpc-js' } },
  {
    name: 'multiplexed, unix, TLS, grpc-js',
    options: { multiplex: true, transport: 'unix', tls: true, grpcEngine: 'grpc-js' },
  },
];

for (const setting of SETTINGS) brokerContract(setting);
