import { failuresSuite } from '../../contracts/containers/failures.js';
import { livesSuite } from '../../contracts/containers/lives.js';
import { ContainerRig } from '../../contracts/containers/rig.js';
import { containerRunnerSuite } from '../../contracts/containers/runner.js';
import { startDocker } from '../../support/containers/docker.js';

const rig = new ContainerRig(await startDocker());
livesSuite(rig);
failuresSuite(rig);
containerRunnerSuite(rig);
