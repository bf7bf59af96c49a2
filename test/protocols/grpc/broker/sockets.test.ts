import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';
import { onEngine } from '../../../support/broker-engines.js';

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'memory, the default engine', options: {} },
  { name: 'unix, native', options: { transport: 'unix', ...onEngine('native') } },
  { name: 'tcp, TLS, native', options: { transport: 'tcp', tls: true, ...onEngine('native') } },
  { name: 'unix, grpc-js', options: { transport: 'unix', ...onEngine('grpc-js') } },
  { name: 'unix, TLS, grpc-js', options: { transport: 'unix', tls: true, ...onEngine('grpc-js') } },
];

for (const setting of SETTINGS) brokerContract(setting);
