/** A program of a container image, from `add` to `use`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { create } from 'tar';
import { createStore } from '../../../../packages/store/src/create-store.js';
import { temporaryFolder } from '../plugin-archives.js';
import { needs, PROGRAMS, startCraneRegistry } from './registries.js';

const here = `${process.platform}-${process.arch}`;

test('a program of an image is locked with its address, and installed from there again', needs('crane'), async (t) => {
  const { host } = await startCraneRegistry(t);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'kv-plugin'), '#!/bin/sh\necho kv\n', { mode: 0o755 });
  await create({ file: join(folder, 'layer.tar'), cwd: folder }, ['kv-plugin']);
  const image = `${host}/acme/kv:v1.2.3`;
  const arch = { x64: 'amd64' }[process.arch as 'x64'] ?? process.arch;
  const crane = (...args: string[]) => promisify(execFile)(PROGRAMS.crane!, args, { timeout: 60_000 });
  await crane('append', '--insecure', '-f', join(folder, 'layer.tar'), '-t', image);
  await crane('mutate', '--insecure', '--set-platform', `linux/${arch}`, image, '-t', image);

  const address = `oci://${host}/acme/kv#/kv-plugin`;
  const options = { lock: join(folder, 'rxplug.lock'), directory: join(folder, 'store'), unsigned: 'allow' } as const;
  const added = await createStore(options).add(address, { name: 'acme/kv' });
  assert.deepEqual([added.version, added.source], ['1.2.3', address]);
  assert.equal(added.platforms[here]?.program, 'kv-plugin');
  rmSync(options.directory, { recursive: true });
  await createStore(options).install();
  const { command, manifest } = await createStore(options).use('kv');
  assert.equal(readFileSync(command[0], 'utf8'), '#!/bin/sh\necho kv\n');
  assert.equal(manifest, undefined);
});
