import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { needsGo } from '../../conformance/build-go.js';
import { goPlugin } from '../../conformance/peers.js';
import { relayedPlugin } from '../../contracts/relayed-plugin.js';
import { IN_IMAGE, importImage } from '../../support/containers/image.js';
import { startPodman } from '../../support/containers/podman.js';
import { RELAY_FILE } from '../../support/relay-file.js';
import { needsBwrap, OWN_FILES } from '../../support/sandbox.js';

const podman = await startPodman();
after(async () => {
  if (typeof podman !== 'string') await podman[Symbol.asyncDispose]();
});

function needs(skip: string | false): { readonly skip: string | false } {
  return skip === false ? needsGo() : { skip };
}

test(
  'podman exec carries a plugin into a container that runs',
  needs(typeof podman === 'string' && podman),
  async () => {
    if (typeof podman === 'string') return;
    const command = await goPlugin();
    // The bundle in the image is the far end.
    await importImage(podman, 'far', [process.execPath, command[0]], RELAY_FILE);
    const stays = [process.execPath, '-e', 'setInterval(() => {}, 60_000)'];
    const limits = ['--network', 'none', '--ulimit', 'nproc=4096:4096', '--ulimit', 'nofile=1024:1024'];
    await podman.run('run', '--detach', '--name', 'running', ...limits, 'far', ...stays);
    const carrier = [...podman.command, 'exec', '-i', 'running'] as const;
    await relayedPlugin({ carrier, relay: [process.execPath, IN_IMAGE.bundle], command }, 'podman');
  },
);

test('bwrap carries a plugin into a sandbox without network', needs(needsBwrap().skip), async () => {
  const directory = mkdtempSync(join(tmpdir(), 'b'));
  const own = OWN_FILES.flatMap((folder) => ['--ro-bind', folder, folder]);
  const system = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--bind', directory, '/tmp'];
  const bwrap = [
    'bwrap',
    '--unshare-all',
    '--die-with-parent',
    ...system,
    ...own,
    '--setenv',
    'TMPDIR',
    '/tmp',
  ] as const;
  await relayedPlugin({ carrier: bwrap, relay: [process.execPath, RELAY_FILE], command: await goPlugin() }, 'bwrap');
  rmSync(directory, { recursive: true });
});
