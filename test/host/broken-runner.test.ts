import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, processRunner, type RunnerFactory, StartError } from '../../src/index.js';

const boom = new Error('no room for another one');

const broken: readonly (readonly [what: string, runner: RunnerFactory])[] = [
  ['cannot be made', () => Promise.reject(boom)],
  [
    'fails to start',
    ({ env }) => {
      const runner = processRunner({ command: [process.execPath], env });
      return Object.assign(runner, { start: () => Promise.reject(boom) });
    },
  ],
];

for (const [what, runner] of broken) {
  test(`a runner that ${what} makes the start fail with ERR_SPAWN, its own error being the cause`, async () => {
    const client = createClient({ runner, handshake, plugins });
    await assert.rejects(client.start(), (error) => {
      assert.ok(error instanceof StartError && error.code === 'ERR_SPAWN' && error.cause === boom, String(error));
      return /The runner did not start the plugin: no room for another one\./.test(error.message);
    });
    const state = await firstValueFrom(client.state$);
    assert.equal(state.status, 'exited');
  });
}
