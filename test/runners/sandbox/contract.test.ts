import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { sandboxRunner } from '../../../src/sandbox.js';
import { PROGRAMS, runnerContract } from '../../contracts/runner.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { needsBwrap } from '../../support/sandbox.js';

const socketDir = mkdtempSync(join(tmpdir(), 'd'));
after(() => rmSync(socketDir, { recursive: true }));

runnerContract({
  name: 'sandboxRunner',
  options: needsBwrap(),
  create: (behaviour) => {
    const file = behaviour === 'is not there' ? '/no/such/program' : process.execPath;
    const script = behaviour === 'is not there' ? '' : PROGRAMS[behaviour];
    return sandboxRunner({ command: [file, '-e', script] })({ ...EMPTY_SPEC, socketDir });
  },
});

runnerContract({
  name: 'sandboxRunner where there can be no sandbox',
  options: { skip: false },
  create: (behaviour) => {
    const file = behaviour === 'is not there' ? '/no/such/program' : process.execPath;
    const script = behaviour === 'is not there' ? '' : PROGRAMS[behaviour];
    const command = [file, '-e', script] as const;
    return sandboxRunner({ command, bwrap: '/no/bwrap', whenMissing: 'warn' })({ ...EMPTY_SPEC, socketDir });
  },
});
