import { failuresSuite } from '../../contracts/containers/failures.js';
import { lifecycleSuite } from '../../contracts/containers/lifecycle.js';
import { ContainerRig } from '../../contracts/containers/rig.js';
import { containerRunnerSuite } from '../../contracts/containers/runner.js';
import { startDocker } from '../../support/containers/docker.js';

const rig = new ContainerRig(await startDocker());
lifecycleSuite(rig);
failuresSuite(rig);
containerRunnerSuite(rig);
