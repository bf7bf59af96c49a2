import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { createClient, processRunner } from 'rxplug';
import { attachContainer, containerRunner } from 'rxplug/container';
import * as basic from '../../examples/basic/contract.js';
import { ContainerRig, handshake, plugins } from '../contracts/containers/rig.js';
import { startPodman } from '../support/containers/podman.js';

test('how do I change how the process is started', async () => {
  const { handshake, plugins } = basic;
  const pluginFile = fileURLToPath(new URL('../../examples/basic/plugin.js', import.meta.url));
  // #region wrap
  const client = createClient({
    runner: ({ env }) => processRunner({ command: ['nice', '-n', '10', process.execPath, pluginFile], env }),
    handshake,
    plugins,
  });
  // #endregion wrap
  await client.start();
  const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await client.stop();
});

const rig = new ContainerRig(await startPodman());

test('how do I run a plugin in a container, and how do I take it over', rig.needed, async () => {
  const engine = rig.engine.socketPath;
  const command = rig.command('ours');
  const ownLimits = { userProcesses: 4096 };
  // #region container
  const client = createClient({
    runner: containerRunner({
      image: 'plugins:latest',
      command,
      engine,
      limits: { memoryBytes: 256 << 20, pids: 64, ...ownLimits },
      labels: { application: 'importer' },
    }),
    handshake,
    plugins,
  });
  await client.start();
  // #endregion container

  // #region reattach
  const reattach = await client.reattachConfig();
  const other = createClient({
    reattach: { ...reattach, attach: ({ id = '' }) => attachContainer(id, { engine }) },
    handshake,
    plugins,
  });
  await other.start();
  // #endregion reattach
  assert.equal(other.id, client.id);
  const labels = await rig.engine.run('inspect', '--format', '{{.Config.Labels}}', client.id);
  assert.match(labels, /application:importer/);
  await other.stop();
  await lastValueFrom(client.state$);
  await rig.assertNothingLeft();
});
