import { directions } from '../../conformance/suite/broker.js';
import { logsSuite } from '../../conformance/suite/logs.js';
import { stdioSuite } from '../../conformance/suite/stdio.js';
import { PROGRAMS, runnerContract } from '../../contracts/runner.js';
import { SshRig } from '../../contracts/ssh-rig.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { FAR_NODE } from '../../support/ssh/machine.js';

const rig = new SshRig();
directions(rig.pairing('ours'), 'B-08 T-08');
for (const plugin of ['go', 'ours'] as const) {
  stdioSuite(rig.pairing(plugin));
  logsSuite(rig.pairing(plugin));
}

runnerContract({
  name: 'relayRunner over ssh',
  options: rig.needed,
  create: (behaviour) => {
    const command = behaviour === 'is not there' ? '/no/such/program' : FAR_NODE;
    const script = behaviour === 'is not there' ? '' : PROGRAMS[behaviour];
    return rig.runner([command, '-e', script])({ ...EMPTY_SPEC, socketDir: rig.directory });
  },
});
