/** One call in each direction through a sandbox; every test of the broker there is in `sandboxed-broker.peers.test.ts`. */
import { sandboxRunner } from 'rxplug/sandbox';
import { needsBwrap, OWN_FILES } from '../support/sandbox.js';
import type { RunnerFor } from './our-host.js';
import { OURS_TO_GO, OURS_TO_OURS, runBy, withAutoMtls } from './pairings.js';
import { directions } from './suite/broker.js';

const inSandbox: RunnerFor = (command) => sandboxRunner({ command, readOnly: OWN_FILES });

for (const pairing of [OURS_TO_GO, OURS_TO_OURS]) {
  const { skip } = needsBwrap();
  const options = skip === false ? pairing.options : { skip };
  directions(withAutoMtls(runBy('in a sandbox without network', inSandbox, { ...pairing, options })), 'B-08');
}
