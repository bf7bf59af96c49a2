import { fileURLToPath } from 'node:url';
import { GO_TO_OURS, withAutoMtls } from '../../conformance/pairings.js';
import { flagArguments } from '../../conformance/peers.js';
import { netRpcSuite, overNetRpc } from '../../conformance/suite/netrpc.js';
import { netRpcBrokerSuite } from '../../conformance/suite/netrpc-broker.js';
import type { Pairing } from '../../conformance/suite/pairing.js';

const program = fileURLToPath(new URL('subject-plugin.js', import.meta.url));
const plain: Pairing = {
  ...GO_TO_OURS,
  lacks: [],
  pluginCommand: async (flags) => [process.execPath, program, ...flagArguments(flags)],
};

for (const pairing of [overNetRpc(plain), overNetRpc(withAutoMtls(plain))]) {
  netRpcSuite(pairing);
  netRpcBrokerSuite(pairing);
}
