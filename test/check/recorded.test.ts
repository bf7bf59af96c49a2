/** What go-plugin itself gets. */
import { needsGo } from '../conformance/peers.js';
import { GO_NET_RPC, GRPC_GO, go, NO_CALL, testRecorded } from './test-recorded.js';

testRecorded([
  { plugin: 'go-plugin', options: needsGo(), check: go({}), missed: { ...GRPC_GO, ...NO_CALL } },
  { plugin: 'go-plugin, net/rpc', options: needsGo(), check: go({ protocol: 'netrpc' }), missed: GO_NET_RPC },
]);
