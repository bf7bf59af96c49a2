import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAIRS } from './fast-cancelling.js';

for (const [name, run] of Object.entries(PAIRS)) {
  test(`calls that are cancelled as fast as they are made do not disturb the others: ${name}`, async () => {
    assert.ok((await run(3000)) > 0);
  });
}
