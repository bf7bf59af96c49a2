import type { PluginPairOptions } from '../../../../src/testing/index.js';
import { rxHttp2Engine } from '../../../../src/transports/http2/rx-engine.js';
import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';

const rx = { channel: { engine: rxHttp2Engine } };
const onRx: PluginPairOptions = { host: rx, serve: { broker: rx } };

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'memory', options: {} },
  { name: 'unix, node:http2', options: { transport: 'unix' } },
  { name: 'tcp, TLS, rx', options: { transport: 'tcp', tls: true, ...onRx } },
  { name: 'unix, TLS, node:http2', options: { transport: 'unix', tls: true } },
];

for (const setting of SETTINGS) brokerContract(setting);
