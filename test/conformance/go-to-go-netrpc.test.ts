import { GO_TO_GO, withAutoMtls } from './pairings.js';
import { netRpcSuite, overNetRpc } from './suite/netrpc.js';
import { netRpcBrokerSuite } from './suite/netrpc-broker.js';

for (const pairing of [overNetRpc(GO_TO_GO), overNetRpc(withAutoMtls(GO_TO_GO))]) {
  netRpcSuite(pairing);
  netRpcBrokerSuite(pairing);
}
