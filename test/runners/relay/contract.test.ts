import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { relayRunner } from '../../../src/relay.js';
import { PROGRAMS, runnerContract } from '../../contracts/runner.js';
import { RELAY_FILE } from '../../support/relay-file.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';

const socketDir = mkdtempSync(join(tmpdir(), 'd'));
after(() => rmSync(socketDir, { recursive: true }));

runnerContract({
  name: 'relayRunner',
  options: { skip: false },
  create: (behaviour) => {
    const file = behaviour === 'is not there' ? '/no/such/program' : process.execPath;
    const script = behaviour === 'is not there' ? '' : PROGRAMS[behaviour];
    const options = { carrier: [process.execPath], relay: [RELAY_FILE], command: [file, '-e', script] } as const;
    return relayRunner(options)({ ...EMPTY_SPEC, socketDir });
  },
});
