/** What examples get, go-plugin of some years ago, and a plugin in Python. */
import { fileURLToPath } from 'node:url';
import { handshake as greeter } from '../../examples/basic/contract.js';
import { handshake as merger } from '../../examples/bidirectional/contract.js';
import { handshake as netRpc } from '../../examples/netrpc/contract.js';
import { REPOSITORY } from '../conformance/build-go.js';
import { needsGo } from '../conformance/peers.js';
import { setUpPython } from '../support/python.js';
import { GO_NET_RPC, GRPC_GO, go, NO_CALL, testRecorded } from './test-recorded.js';

const python = await setUpPython();

/** PLUGIN_UNIX_SOCKET_DIR came with 1.5, multiplexing with 1.6. */
const OLD_SOCKETS = { 'S-08': 'in "' } as const;

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
  {
    plugin: 'go-plugin 1.4.10',
    options: needsGo(),
    check: go({}, '1.4.10'),
    missed: { ...GRPC_GO, ...OLD_SOCKETS, ...NO_CALL, 'M-01': 'not offered' },
  },
  {
    plugin: 'go-plugin 1.4.10, net/rpc',
    options: needsGo(),
    check: go({ protocol: 'netrpc' }, '1.4.10'),
    missed: { ...GO_NET_RPC, ...OLD_SOCKETS },
  },
  {
    plugin: 'examples/python',
    options: { skip: python.skip },
    check: async () => ({
      command: ['python3', `${REPOSITORY}examples/python/plugin.py`],
      handshake: merger,
      env: python.env,
    }),
    // grpclib has no reflection that is up to date; nothing is logged before the first call.
    missed: { ...NO_CALL, 'G-03': 'no reflection', 'O-02': 'nothing to stderr', 'M-01': 'not offered' },
  },
]);
