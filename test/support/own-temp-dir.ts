import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/**
 * Gives this test file and its child processes a temporary directory of their own, and returns a function that asserts that it is
 * empty. The name is short, because the length of socket paths is limited.
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
