import { sandboxRunner } from 'rxplug/sandbox';
import { needsBwrap, OWN_FILES } from '../support/sandbox.js';
import type { RunnerFor } from './our-host.js';
import { OURS_TO_GO, OURS_TO_OURS, runBy } from './pairings.js';
import type { Pairing } from './suite/pairing.js';
import { brokerSuites } from './suites.js';

const inSandbox: RunnerFor = (command) => sandboxRunner({ command, readOnly: OWN_FILES });

for (const pairing of [OURS_TO_GO, OURS_TO_OURS] satisfies Pairing[]) {
  const { skip } = needsBwrap();
  const options = skip === false ? pairing.options : { skip };
  brokerSuites(runBy('in a sandbox without network', inSandbox, { ...pairing, options }));
}
