import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import { workerRunner } from '../../examples/worker-runner/worker-runner.js';
import { StartError } from '../../src/errors.js';
import { processRunner } from '../../src/runners/process/process-runner.js';
import { type FakePlugin, fakeRunner } from '../../src/testing/index.js';
import { type Behaviour, PROGRAMS, runnerContract } from '../contracts/runner.js';
import { EMPTY_SPEC } from '../support/runner-spec.js';

const directory = mkdtempSync(join(tmpdir(), 'r'));
after(() => rmSync(directory, { recursive: true }));
const options = { skip: false } as const;
const spec = EMPTY_SPEC;

runnerContract({
  name: 'processRunner',
  options,
  create: (behaviour) => {
    const file = behaviour === 'is not there' ? '/no/such/program' : process.execPath;
    const script = behaviour === 'is not there' ? '' : PROGRAMS[behaviour];
    return processRunner({ command: [file, '-e', script], env: {} });
  },
});

runnerContract({
  name: 'the runner of threads',
  options,
  knowsMissing: false,
  create: (behaviour) => {
    const file = join(directory, `${behaviour.replaceAll(' ', '-')}.cjs`);
    if (behaviour !== 'is not there') writeFileSync(file, PROGRAMS[behaviour]);
    return workerRunner(pathToFileURL(file))(spec);
  },
});

runnerContract({
  name: 'fakeRunner',
  options,
  create: (behaviour) => fakeRunner((plugin) => play(plugin, behaviour), { diagnosis: 'it is a fake' })(spec),
});

async function play(plugin: FakePlugin, behaviour: Behaviour): Promise<void> {
  if (behaviour === 'is not there') {
    await plugin.exit({ code: null });
    throw new StartError('ERR_SPAWN', 'There is no such program.');
  }
  plugin.writeStdout(behaviour === 'stays' ? 'ready' : 'out');
  if (behaviour === 'stays') return;
  plugin.writeStderr('err');
  await plugin.exit({ code: 3 });
}
