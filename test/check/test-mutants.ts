import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ProtocolName } from 'rxplug';
import type { CheckOptions } from 'rxplug/testing';
import { handshake, mutantOf, resultsOf, those } from './mutants.js';

/** A mutant by its item, and what is told of it. */
export type MutantRow = readonly [id: string, got: RegExp, options?: Partial<CheckOptions>];

/** A test for each mutant: of what is checked it fails its own item alone. `others` are items that every mutant meets. */
export function testMutants(rows: readonly MutantRow[], others: readonly string[], protocol?: ProtocolName): void {
  let directory: string;
  before(() => {
    // For what a plugin leaves behind that is killed.
    directory = mkdtempSync(join(tmpdir(), 'mutants-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [id, got, more] of rows) {
    test(`${id}: a plugin that does not meet it is found, and meets others`, async () => {
      const command = mutantOf(id, protocol);
      const only = [id, ...others];
      const env = { TMPDIR: directory };
      const results = await resultsOf({ command, handshake, protocolVersions: [1, 2], only, env, ...more });
      const missed = those(results, 'fail', 'warn');
      assert.deepEqual(Object.keys(missed), [id], JSON.stringify(missed));
      assert.match(missed[id]!, got);
    });
  }
}
