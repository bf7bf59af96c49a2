import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createPluginPair } from 'rxplug/testing';
import { plugins } from './contract.js';
import { planFile } from './file.js';
import { provider } from './provider.js';
import { read, UNKNOWN, write } from './values.js';

const typeName = 'acme_file';

test('a file is planned, made, read and removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'acme-'));
  try {
    await using pair = await createPluginPair(plugins, { provider });
    const client = await pair.dispense('provider');
    await firstValueFrom(client.configureProvider({ config: write({ folder }) }));
    const proposedNewState = write({ path: 'a.txt', content: 'one', id: null, sha256: null });
    const { plannedState } = await firstValueFrom(
      client.planResourceChange({ typeName, priorState: write(undefined), proposedNewState }),
    );
    const { newState } = await firstValueFrom(client.applyResourceChange({ typeName, plannedState }));
    assert.deepEqual(read(newState), planFile({ path: 'a.txt', content: 'one' }));
    const found = await firstValueFrom(client.readResource({ typeName, currentState: newState }));
    assert.deepEqual(read(found.newState), read(newState));
    await firstValueFrom(
      client.applyResourceChange({ typeName, priorState: newState, plannedState: write(undefined) }),
    );
    const gone = await firstValueFrom(client.readResource({ typeName, currentState: newState }));
    assert.equal(read(gone.newState), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what is not known yet stays unknown in a plan', () => {
  assert.deepEqual(read(write(planFile({ path: 'a.txt', content: UNKNOWN }))), {
    path: 'a.txt',
    content: UNKNOWN,
    id: 'a.txt',
    sha256: UNKNOWN,
  });
});
