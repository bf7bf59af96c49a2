import type { PluginPairOptions } from '../../../../src/testing/index.js';
import { rxHttp2Engine } from '../../../../src/transports/http2/rx-engine.js';
import { type BrokerSetting, brokerContract } from '../../../contracts/broker.js';

const rx = { channel: { engine: rxHttp2Engine } };
const onRx: PluginPairOptions = { host: rx, serve: { broker: rx } };

const SETTINGS: readonly BrokerSetting[] = [
  { name: 'multiplexed, memory', options: { multiplex: true } },
  { name: 'multiplexed, unix, rx', options: { multiplex: true, transport: 'unix', ...onRx } },
  { name: 'multiplexed, tcp, TLS, rx', options: { multiplex: true, transport: 'tcp', tls: true, ...onRx } },
  { name: 'multiplexed, unix, TLS, node:http2', options: { multiplex: true, transport: 'unix', tls: true } },
];

for (const setting of SETTINGS) brokerContract(setting);
