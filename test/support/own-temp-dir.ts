import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/**
 * Gives this test file and its children a temp directory of their own, and returns a function that asserts that nothing is in it.
 * The name is short: socket paths are limited.
 */
export function ownTempDir(): () => void {
  const outer = tmpdir();
  const own = mkdtempSync(join(outer, 't'));
  process.env['TMPDIR'] = own;
  after(() => {
    process.env['TMPDIR'] = outer;
    rmdirSync(own);
  });
  return () => assert.deepEqual(readdirSync(own), []);
}
