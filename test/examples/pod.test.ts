import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { goPlugin } from '../../examples/grpc-kv/go-plugin.js';
import { CLI } from '../cli/run-cli.js';
import { needsGo, REPOSITORY } from '../conformance/build-go.js';
import { bundle, makeImage } from '../support/containers/image.js';
import { type Podman, podmanForPods } from '../support/containers/podman.js';
import { within } from '../support/defer.js';

const MANIFEST = join(REPOSITORY, 'examples/pod/pod.yaml');
const HOST = fileURLToPath(new URL('../../examples/pod/host.js', import.meta.url));
const LIMIT_MS = 30_000;

const found = needsGo().skip === false ? podmanForPods() : 'The plugin of the Pod is in Go, which is not installed.';

test('examples/pod: the host goes on, whatever of the plugin is killed, and the plugin when the host is', {
  skip: typeof found === 'string' && found,
}, async () => {
  await using podman = found as Podman;
  await makeImages(podman);
  await podman.run('kube', 'play', '--network', 'none', MANIFEST);
  const host = await logOf(podman, 'kv-host');
  const isNext = async (generation: number) => {
    await host.until(new RegExp(`^generation ${generation} serves$`));
    await host.until(/^stored, revision 1$/);
  };
  await isNext(1);
  await assertGuarded(podman);
  const probe = ['rxplug', 'sidecar', '--dir=/var/run/plugins', '--name=kv', '--probe'];
  const words = `command: [${probe.map((word) => JSON.stringify(word)).join(', ')}]`;
  assert.ok(readFileSync(MANIFEST, 'utf8').includes(words), 'the words of the manifest');
  await podman.run('exec', 'kv-plugin', ...probe);

  const sidecar = await pidOf(podman, 'kv-plugin');
  process.kill(onlyChildOf(sidecar), 'SIGKILL');
  await isNext(2);
  process.kill(sidecar, 'SIGKILL');
  await isNext(3);
  await podman.run('kill', 'kv-plugin');
  await assert.rejects(podman.run('exec', 'kv-plugin', ...probe));
  await podman.run('start', 'kv-plugin');
  await isNext(4);
  assert.equal(directoriesOf(await folderOf(podman), 1002), 1, 'what the killed ones have left was removed');

  process.kill(await pidOf(podman, 'kv-host'), 'SIGKILL');
  await host.until(/^generation 1 serves$/);
  assert.ok(Number((await host.until(/^stored, revision \d+$/)).replace(/\D/g, '')) > 1, 'the same process');

  await takeDown(podman);
  assert.equal(await podman.run('ps', '--all', '--quiet'), '');
});

/** podman finds now and then that the memory of a container that was killed is still mounted: asked again it goes on. */
async function takeDown(podman: Podman): Promise<void> {
  const down = () => podman.run('kube', 'down', MANIFEST);
  await down().catch((error: Error) => {
    if (!error.message.includes('device or resource busy')) throw error;
    return down();
  });
}

async function makeImages(podman: Podman): Promise<void> {
  const [plugin] = (await goPlugin()) as string[];
  await makeImage(podman, 'localhost/kv-host:1', [process.execPath], (root) => {
    bundle(HOST, join(root, 'app/host.mjs'));
  });
  await makeImage(podman, 'localhost/kv-plugin:1', [process.execPath, '/usr/bin/env'], (root) => {
    bundle(CLI, join(root, 'usr/local/bin/rxplug'));
    chmodSync(join(root, 'usr/local/bin/rxplug'), 0o755);
    mkdirSync(join(root, 'app'));
    copyFileSync(plugin!, join(root, 'app/plugin'));
  });
}

/** Two users with one group, and nobody else, reach the plugin. */
async function assertGuarded(podman: Podman): Promise<void> {
  const folder = await folderOf(podman);
  const { reattach } = JSON.parse(readFileSync(join(folder, 'kv.json'), 'utf8'));
  const socket = statSync(reattach.address.replace('/var/run/plugins', folder));
  assert.deepEqual([socket.uid, socket.gid, socket.mode & 0o777], [1002, 2000, 0o660]);
  for (const [name, uid] of [
    ['kv-host', 1001],
    ['kv-plugin', 1002],
  ] as const)
    assert.equal(statSync(`/proc/${await pidOf(podman, name)}`).uid, uid);
}

/** The folder that both have, as this process sees it. */
async function folderOf(podman: Podman): Promise<string> {
  return `/proc/${await pidOf(podman, 'kv-plugin')}/root/var/run/plugins`;
}

function directoriesOf(folder: string, uid: number): number {
  const names = readdirSync(folder).filter((name) => name.startsWith('plugin-dir'));
  return names.filter((name) => statSync(join(folder, name)).uid === uid).length;
}

async function pidOf(podman: Podman, container: string): Promise<number> {
  return Number(await podman.run('inspect', '--format', '{{.State.Pid}}', container));
}

function onlyChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}

/** The log of a container, which goes on when that is started again. */
async function logOf(podman: Podman, container: string) {
  const path = await podman.run('inspect', '--format', '{{.HostConfig.LogConfig.Path}}', container);
  let taken = 0;
  /** The next line that fits, after those that were waited for before. Lines are `TIME stdout F TEXT`. */
  const next = (pattern: RegExp): string | undefined => {
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    const index = lines.findIndex((line, at) => at >= taken && pattern.test(line.split(' ').slice(3).join(' ')));
    if (index === -1) return undefined;
    taken = index + 1;
    return lines[index]!.split(' ').slice(3).join(' ');
  };
  return {
    until: async (pattern: RegExp): Promise<string> => {
      const watcher = watch(path);
      const line = new Promise<string>((resolve) => {
        const look = (): void => {
          const found = next(pattern);
          if (found !== undefined) resolve(found);
        };
        watcher.on('change', look);
        look();
      });
      const late = (error: unknown): never => {
        throw new Error(`${container} has said:\n${readFileSync(path, 'utf8')}`, { cause: error });
      };
      return await within(LIMIT_MS, `${container}: ${pattern}`, line)
        .catch(late)
        .finally(() => watcher.close());
    },
  };
}
