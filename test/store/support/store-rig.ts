import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createStore, type Store } from '../../../packages/store/src/create-store.js';
import { StoreError, type StoreErrorCode } from '../../../packages/store/src/errors.js';
import type { StoreOptions } from '../../../packages/store/src/operations/options.js';
import { folderSources, type SourceHooks } from './published.js';

/** The platform that the tests are about, on whatever they run. */
export const LINUX = { platform: 'linux', arch: 'x64', musl: false };

/** A place with a folder of releases, a store and a lock file. */
export interface Rig {
  readonly place: string;
  /** Where `publish` publishes. */
  readonly published: string;
  /** The address of that folder. */
  readonly address: string;
  /** The same, as if it was a server's, for which signatures are demanded. */
  readonly server: string;
  readonly directory: string;
  readonly lock: string;
  /** What the sources were asked for. */
  readonly requests: string[];
  store(options?: StoreOptions & { readonly hooks?: SourceHooks }): Store;
  /** Asserts that nothing of an installation is left in the store. */
  assertTidy(): void;
}

/** Makes a place, which is removed after the tests of the file. */
export function rig(outer = tmpdir()): Rig {
  const place = mkdtempSync(join(outer, 's'));
  after(() => rmSync(place, { recursive: true, force: true }));
  const [published, directory, lock] = [join(place, 'published'), join(place, 'store'), join(place, 'rxplug.lock')];
  mkdirSync(published);
  const requests: string[] = [];
  return {
    place,
    published,
    address: `dir://${published}`,
    server: `server://${published}`,
    directory,
    lock,
    requests,
    store: ({ hooks = {}, ...options } = {}) => {
      const sources = [folderSources({ onRequest: (what) => requests.push(what), ...hooks })];
      return createStore({ lock, directory, sources, platform: LINUX, ...options });
    },
    assertTidy: () => assert.deepEqual(namesIn(join(directory, 'tmp')), []),
  };
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What a rejection has to be. */
export function fails(code: StoreErrorCode, message: RegExp = /./) {
  return (error: unknown): boolean => {
    assert.ok(StoreError.is(error), String((error as Error).stack));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
