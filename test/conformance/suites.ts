import { withAutoMtls, withManualTls, withMultiplexing } from './pairings.js';
import { brokerSuite, directions } from './suite/broker.js';
import { callsSuite } from './suite/calls.js';
import { checksumSuite } from './suite/checksum.js';
import { deadHostSuite } from './suite/dead-host.js';
import { errorsSuite } from './suite/errors.js';
import { handshakeSuite } from './suite/handshake.js';
import { lifecycleSuite } from './suite/lifecycle.js';
import { logsSuite } from './suite/logs.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import { lostHostSuite, multiplexSuite } from './suite/multiplex.js';
import { environmentSuite, negotiationSuite } from './suite/negotiation.js';
import { netRpcSuite, overNetRpc } from './suite/netrpc.js';
import { callbacks, netRpcBrokerSuite } from './suite/netrpc-broker.js';
import { can, type Pairing } from './suite/pairing.js';
import { reattachSuite } from './suite/reattach.js';
import { stdioSuite } from './suite/stdio.js';
import { autoMtlsSuite, tlsMismatchSuite } from './suite/tls.js';

/** gRPC: what a host and a plugin have to say to each other, whatever it is wrapped in. */
export function plainSuites(pairing: Pairing): void {
  callsSuite(pairing);
  errorsSuite(pairing);
  metadataSuite(pairing);
  sizesSuite(pairing);
  cancellationSuite(pairing);
  stdioSuite(pairing);
  logsSuite(pairing);
  // The Go plugin alone can be told what line to print.
  if (pairing.plugin === 'go') handshakeSuite(pairing);
  negotiationSuite(pairing);
  environmentSuite(pairing);
  lifecycleSuite(pairing);
  if (can(pairing, 'checksum')) checksumSuite(pairing);
}

/** gRPC under AutoMTLS, and ends that do not agree about TLS. */
export function tlsSuites(pairing: Pairing): void {
  tlsMismatchSuite(pairing);
  const secured = withAutoMtls(pairing);
  autoMtlsSuite(secured);
  plainSuites(secured);
}

/** Manual TLS by the files of a directory: all that is said without TLS, net/rpc and reattaching included. */
export function manualTlsSuites(pairing: Pairing, directory: string): void {
  const secured = withManualTls(pairing, directory);
  plainSuites(secured);
  if (can(secured, 'reattach')) reattachSuite(secured);
  if (!can(secured, 'netrpc')) return;
  netRpcSuite(overNetRpc(secured));
  lifecycleSuite(overNetRpc(secured));
}

/** Brokers with manual TLS by the files of a directory. */
export function manualTlsBrokerSuites(pairing: Pairing, directory: string): void {
  const secured = withManualTls(pairing, directory);
  if (can(secured, 'broker')) brokerSuite(secured);
  if (can(secured, 'multiplex')) {
    const multiplexed = withMultiplexing(secured);
    brokerSuite(multiplexed);
    multiplexSuite(multiplexed);
  }
  if (can(secured, 'netrpc')) netRpcBrokerSuite(overNetRpc(secured));
}

/** The gRPC broker, plain and AutoMTLS, with sockets of its own. */
export function brokerSuites(pairing: Pairing): void {
  for (const either of [pairing, withAutoMtls(pairing)]) {
    if (!can(pairing, 'broker')) continue;
    brokerSuite(either);
    deadHostSuite(either);
  }
}

/** The gRPC broker, plain and AutoMTLS, inside the main connection. */
export function multiplexSuites(pairing: Pairing): void {
  for (const either of [pairing, withAutoMtls(pairing)]) {
    if (!can(pairing, 'multiplex')) continue;
    const multiplexed = withMultiplexing(either);
    brokerSuite(multiplexed);
    multiplexSuite(multiplexed);
    deadHostSuite(multiplexed);
    if (can(pairing, 'dies-alone')) lostHostSuite(multiplexed);
  }
}

/** net/rpc and its broker, plain and under AutoMTLS. */
export function netRpcSuites(pairing: Pairing): void {
  if (!can(pairing, 'netrpc')) return;
  for (const either of [overNetRpc(pairing), overNetRpc(withAutoMtls(pairing))]) {
    netRpcSuite(either);
    netRpcBrokerSuite(either);
  }
}

/** What does not depend on the protocol, over net/rpc; and ends that do not agree about TLS. */
export function netRpcLifeSuites(pairing: Pairing): void {
  if (!can(pairing, 'netrpc')) return;
  tlsMismatchSuite(overNetRpc(pairing));
  netRpcLife(overNetRpc(pairing));
}

/** The same under AutoMTLS. */
export function netRpcLifeTlsSuites(pairing: Pairing): void {
  if (!can(pairing, 'netrpc')) return;
  const secured = overNetRpc(withAutoMtls(pairing));
  autoMtlsSuite(secured);
  netRpcLife(secured);
}

function netRpcLife(pairing: Pairing): void {
  stdioSuite(pairing);
  logsSuite(pairing);
  if (pairing.plugin === 'go') handshakeSuite(pairing);
  negotiationSuite(pairing);
  environmentSuite(pairing);
  lifecycleSuite(pairing);
}

/** Plugins that run already, in both protocols. */
export function reattachSuites(pairing: Pairing): void {
  if (!can(pairing, 'reattach')) return;
  reattachSuite(pairing);
  if (can(pairing, 'netrpc')) reattachSuite(overNetRpc(pairing));
}

/** What the engine of gRPC carries: everything once, and what differs under TLS and inside one connection. */
export function engineSuites(pairing: Pairing): void {
  const secured = withAutoMtls(pairing);
  callsSuite(pairing);
  errorsSuite(pairing);
  metadataSuite(pairing);
  sizesSuite(pairing);
  cancellationSuite(pairing);
  stdioSuite(pairing);
  lifecycleSuite(pairing);
  brokerSuite(pairing);
  callsSuite(secured);
  cancellationSuite(secured);
  brokerSuite(withMultiplexing(secured));
}

/** What an end of an old version of go-plugin has under AutoMTLS: calls and brokers of both protocols, with sockets of their own. */
export function oldVersionSuites(pairing: Pairing): void {
  const secured = withAutoMtls(pairing);
  autoMtlsSuite(secured);
  directions(secured, 'B-08 T-08');
  autoMtlsSuite(overNetRpc(secured));
  callbacks(overNetRpc(secured));
}

/** All of the above but those of the other engine; to be registered, not to be run. */
export const ALL_SUITES: readonly ((pairing: Pairing) => void)[] = [
  plainSuites,
  tlsSuites,
  (pairing) => manualTlsSuites(pairing, ''),
  (pairing) => manualTlsBrokerSuites(pairing, ''),
  brokerSuites,
  multiplexSuites,
  netRpcSuites,
  netRpcLifeSuites,
  netRpcLifeTlsSuites,
  reattachSuites,
];
