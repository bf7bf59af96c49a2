import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { parsePublicKey } from '../../../packages/store/src/signing/public-key.js';
import { runStore, type StoreRun, type StoreRunOptions } from './run-store.js';

const place = mkdtempSync(join(tmpdir(), 'store-cli-'));
after(() => rmSync(place, { recursive: true }));
let count = 0;
/** A new folder, which is removed after the tests of the file. */
export function newPlace(): string {
  const folder = join(place, `p${count++}`);
  mkdirSync(folder);
  return folder;
}

/** A command that succeeds. */
export async function good(
  cwd: string,
  args: readonly string[],
  options: Partial<StoreRunOptions> = {},
): Promise<StoreRun> {
  const ran = await runStore(args, { cwd, ...options });
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran;
}

/** What it prints with --json, which is nothing else. */
export async function json<T>(cwd: string, args: readonly string[]): Promise<T> {
  return JSON.parse((await good(cwd, [...args, '--json'])).stdout) as T;
}

/** What it says when it fails, by this exit code. */
export async function failure(
  code: number,
  cwd: string,
  args: readonly string[],
  typed?: readonly string[],
): Promise<string> {
  const ran = await runStore(args, { cwd, ...(typed && { typed }) });
  assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stderr;
}

/** The folder of a plugin in a version. */
export function pluginFolder(version: string, changes: object = {}): string {
  const folder = newPlace();
  writeFileSync(join(folder, 'kv'), `#!/bin/sh\n# ${version}\n`, { mode: 0o755 });
  const manifest = { manifestVersion: 1, name: 'acme/kv', version, run: { any: ['./kv'] }, ...changes };
  writeFileSync(join(folder, 'rxplug.plugin.json'), JSON.stringify(manifest));
  return folder;
}

/** What an author publishes: a folder of signed versions, and the secret key beside it. */
export interface Published {
  readonly folder: string;
  readonly address: string;
  readonly secret: string;
  readonly key: string;
}

/** Makes a key, and packs and signs versions of a plugin. */
export async function publish(...versions: readonly string[]): Promise<Published> {
  const folder = newPlace();
  const secret = `${folder}.key`;
  await good(folder, ['keygen', '--no-password', '--secret', secret, '--public', 'minisign.pub']);
  for (const version of versions) await good(folder, ['pack', pluginFolder(version)]);
  await good(folder, ['sign', '.', '--secret', secret]);
  const key = parsePublicKey(readFileSync(join(folder, 'minisign.pub'))).text;
  return { folder, address: `dir://${folder}`, secret, key };
}

/** The store is in the working directory. */
export const STORE = ['--directory', 'store'];
