import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, NEVER, throwError } from 'rxjs';
import { unaskedEnd } from '../../src/host/unasked-end.js';

test('an error of what tells the exit, or the loss, is one of the end', async () => {
  const failed$ = throwError(() => new Error('gone'));
  await assert.rejects(firstValueFrom(unaskedEnd({ exit$: failed$ }, {})), /gone/);
  await assert.rejects(firstValueFrom(unaskedEnd({ exit$: NEVER }, { lost$: failed$ })), /gone/);
});
