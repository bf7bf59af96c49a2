import { after, test } from 'node:test';
import { needsGo } from '../../conformance/build-go.js';
import { goPlugin } from '../../conformance/peers.js';
import { relayedPlugin } from '../../contracts/relayed-plugin.js';
import { startDocker } from '../../support/containers/docker.js';
import { IN_IMAGE, importImage } from '../../support/containers/image.js';
import { RELAY_FILE } from '../../support/relay-file.js';

const docker = await startDocker();
after(async () => {
  if (typeof docker !== 'string') await docker[Symbol.asyncDispose]();
});
const needed = typeof docker === 'string' ? { skip: docker } : needsGo();

test('docker exec carries a plugin into a container that runs, docker run into one of its own', needed, async () => {
  if (typeof docker === 'string') return;
  const command = await goPlugin();
  // The bundle in the image is the far end.
  await importImage(docker, 'far', [process.execPath, command[0]], RELAY_FILE);
  const limits = ['--network', 'none', '--ulimit', 'nproc=4096:4096', '--ulimit', 'nofile=1024:1024'];
  const stays = [process.execPath, '-e', 'setInterval(() => {}, 60_000)'];
  await docker.run('run', '--detach', '--name', 'running', ...limits, 'far', ...stays);
  const relay = [process.execPath, IN_IMAGE.bundle] as const;
  await relayedPlugin({ carrier: [...docker.command, 'exec', '-i', 'running'], relay, command }, 'docker-exec');
  const run = [...docker.command, 'run', '-i', '--rm', ...limits, 'far'] as const;
  await relayedPlugin({ carrier: run, relay, command }, 'docker-run');
  await docker.run('rm', '--force', 'running');
});
