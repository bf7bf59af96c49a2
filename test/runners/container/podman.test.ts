import { failuresSuite } from '../../contracts/containers/failures.js';
import { lifecycleSuite } from '../../contracts/containers/lifecycle.js';
import { ContainerRig } from '../../contracts/containers/rig.js';
import { containerRunnerSuite } from '../../contracts/containers/runner.js';
import { startPodman } from '../../support/containers/podman.js';

const rig = new ContainerRig(await startPodman());
lifecycleSuite(rig);
failuresSuite(rig);
containerRunnerSuite(rig);
