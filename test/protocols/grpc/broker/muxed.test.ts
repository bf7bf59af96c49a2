import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';
import { onEngine } from '../../../support/broker-engines.js';

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'multiplexed, memory, the default engine', options: { multiplex: true } },
  { name: 'multiplexed, unix, native', options: { multiplex: true, transport: 'unix', ...onEngine('native') } },
  {
    name: 'multiplexed, tcp, TLS, native',
    options: { multiplex: true, transport: 'tcp', tls: true, ...onEngine('native') },
  },
  { name: 'multiplexed, unix, grpc-js', options: { multiplex: true, transport: 'unix', ...onEngine('grpc-js') } },
  {
    name: 'multiplexed, unix, TLS, grpc-js',
    options: { multiplex: true, transport: 'unix', tls: true, ...onEngine('grpc-js') },
  },
];

for (const setting of SETTINGS) brokerContract(setting);
