/** Which version of the plugin it is that is told of: by its manifest, one for each generation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { parsePluginManifest } from '../../src/manifest.js';
import { happens, reaches, rig, soon } from './rig.js';

const handshake = { cookieKey: 'RXPLUG_TEST', cookieValue: 'yes', protocolVersions: [1] };
const manifestOf = (version: string) =>
  parsePluginManifest({ manifestVersion: 1, name: 'acme/kv', version, handshake });

test('states, events and log entries have the version that their generation runs', async () => {
  const versions = ['1.4.2', '1.5.0'];
  const generation = async () => ({ manifest: manifestOf(versions.shift()!) });
  await using bed = await rig({ generation });
  const { plugin } = bed;
  const started = happens(plugin, 'started');
  const logged = firstValueFrom(plugin.logs$);
  await bed.plugin.ready();
  const { version, generation: number } = await soon('a log entry', logged);
  assert.deepEqual([version, number], ['1.4.2', 1]);
  const first = await reaches(plugin, 'ready');
  assert.deepEqual([first.version, first.members[0]?.version], ['1.4.2', '1.4.2']);
  assert.equal((await started).version, '1.4.2');
  await plugin.reload();
  const second = await reaches(plugin, 'ready', 2);
  assert.deepEqual([second.generation, second.version], [2, '1.5.0']);
  const stopped = happens(plugin, 'stopped');
  // What comes after has a version too.
  versions.push('1.5.1');
  bed.kill();
  assert.equal((await stopped).stop.version, '1.5.0');
});

test('without a manifest no version is told, and no field for it', async () => {
  await using bed = await rig();
  await bed.plugin.ready();
  assert.deepEqual(bed.plugin.state, {
    status: 'ready',
    generation: 1,
    members: [{ status: 'serving', generation: 1 }],
  });
});
