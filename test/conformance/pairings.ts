import { goPlugin, needsGo, startGoHost } from './peers.js';
import type { Pairing } from './suite/pairing.js';

/** The baseline: what the suites say of two real peers. */
export const GO_TO_GO: Pairing = {
  name: 'Go host, Go plugin',
  host: 'go',
  plugin: 'go',
  options: needsGo(),
  startHost: startGoHost,
  pluginCommand: goPlugin,
};

/** The same pairing under AutoMTLS. */
export function withAutoMtls(pairing: Pairing): Pairing {
  return { ...pairing, name: `${pairing.name}, AutoMTLS`, config: { ...pairing.config, autoMtls: true } };
}

/** The same pairing with brokered connections inside the main one. */
export function withMultiplexing(pairing: Pairing): Pairing {
  return { ...pairing, name: `${pairing.name}, multiplexed`, config: { ...pairing.config, multiplex: true } };
}
