import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verifyChecksum } from '../../../src/runners/secure/verify-checksum.js';

const directory = mkdtempSync(join(tmpdir(), 'verify'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'plugin.wasm');
writeFileSync(file, 'content');
const checksum = createHash('sha256').update('content').digest('hex');

test('a file with the expected checksum is accepted', async () => {
  await verifyChecksum(file, { hash: 'sha256', checksum });
});

test('another checksum, a missing file and a malformed checksum have codes of their own', async () => {
  const other = createHash('sha256').update('other').digest('hex');
  await assert.rejects(verifyChecksum(file, { hash: 'sha256', checksum: other }), { code: 'ERR_CHECKSUM_MISMATCH' });
  const missing = join(directory, 'missing');
  await assert.rejects(verifyChecksum(missing, { hash: 'sha256', checksum }), { code: 'ERR_CHECKSUM_UNREADABLE' });
  await assert.rejects(verifyChecksum(file, { hash: 'sha256', checksum: 'zz' }), { code: 'ERR_OPTIONS' });
});

test('an abort rejects with its reason', async () => {
  const signal = AbortSignal.abort(new Error('given up'));
  await assert.rejects(verifyChecksum(file, { hash: 'sha256', checksum }, { signal }), /given up/);
});
