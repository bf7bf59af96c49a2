/** What plugins of today get: our examples, and go-plugin itself. */
import { fileURLToPath } from 'node:url';
import { handshake as greeter } from '../../examples/basic/contract.js';
import { handshake as netRpc } from '../../examples/netrpc/contract.js';
import { needsGo } from '../conformance/peers.js';
import { GO_NET_RPC, GRPC_GO, go, NO_CALL, testRecorded } from './test-recorded.js';

const example = (name: string): [string, string] => [
  process.execPath,
  fileURLToPath(new URL(`../../examples/${name}/plugin.js`, import.meta.url)),
];

testRecorded([
  {
    plugin: 'examples/basic',
    options: { skip: false },
    check: async () => ({ command: example('basic'), handshake: greeter }),
    // No descriptors are given to `serve`; the health service takes small requests alone, others take what a Go host sends.
    missed: { ...NO_CALL, 'G-03': 'no description of greeter.v1.Greeter', 'G-07': 'RESOURCE_EXHAUSTED' },
  },
  {
    plugin: 'examples/netrpc',
    options: { skip: false },
    check: async () => ({ command: example('netrpc'), handshake: netRpc }),
    missed: {},
  },
  { plugin: 'go-plugin', options: needsGo(), check: go({}), missed: { ...GRPC_GO, ...NO_CALL } },
  { plugin: 'go-plugin, net/rpc', options: needsGo(), check: go({ protocol: 'netrpc' }), missed: GO_NET_RPC },
]);
