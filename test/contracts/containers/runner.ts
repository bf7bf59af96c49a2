import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { containerRunner } from '../../../src/container.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { PROGRAMS, runnerContract } from '../runner.js';
import { type ContainerRig, IMAGE } from './rig.js';

/** A container is a runner as any other. */
export function containerRunnerSuite(rig: ContainerRig): void {
  describe('a container as a runner', () => {
    // Here, not outside: the tests of plugins see to it that nothing lies in the temp directory.
    let socketDir: string;
    before(() => {
      socketDir = mkdtempSync(join(tmpdir(), 'c'));
    });
    after(() => rmSync(socketDir, { recursive: true }));
    runnerContract({
      name: 'containerRunner',
      options: rig.needed,
      create: (behaviour) => {
        const command =
          behaviour === 'is not there'
            ? (['/no/such'] as const)
            : ([process.execPath, '-e', PROGRAMS[behaviour]] as const);
        const limits = { userProcesses: 4096 };
        const factory = containerRunner({ image: IMAGE, engine: rig.engine.socketPath, command, limits });
        return factory({ ...EMPTY_SPEC, socketDir });
      },
    });
  });
}
