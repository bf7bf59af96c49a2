import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'memory, the default engine', options: {} },
  { name: 'unix, native', options: { transport: 'unix', grpcEngine: 'native' } },
  { name: 'tcp, TLS, native', options: { transport: 'tcp', tls: true, grpcEngine: 'native' } },
  { name: 'unix, grpc-js', options: { transport: 'unix', grpcEngine: 'grpc-js' } },
  { name: 'unix, TLS, grpc-js', options: { transport: 'unix', tls: true, grpcEngine: 'grpc-js' } },
];

for (const setting of SETTINGS) brokerContract(setting);
