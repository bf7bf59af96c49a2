import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { PluginError, StartError } from '../src/errors.js';

test('an error is recognised by another copy of the package, and nothing else is', async () => {
  const url = `${new URL('../src/errors.js', import.meta.url).href}?copy`;
  const copy = (await import(url)) as { PluginError: typeof PluginError };
  assert.notEqual(copy.PluginError, PluginError);
  assert.equal(copy.PluginError.is(new StartError('ERR_SPAWN', 'no')), true);
  for (const other of [new Error('ERR_SPAWN'), { code: 'ERR_SPAWN' }, 'ERR_SPAWN', null, undefined])
    assert.equal(PluginError.is(other), false);
});

test('a printed error shows its class, message, code and details, and nothing of its making', () => {
  const shown = inspect(new StartError('ERR_SPAWN', 'there is no such file', { details: { exitCode: 2 } }));
  assert.match(shown, /^StartError: there is no such file\n/);
  assert.match(shown, /\{\n {2}code: 'ERR_SPAWN',\n {2}details: \{ exitCode: 2 \}\n\}$/);
});

test('what an error knows already is not replaced by what becomes known later', () => {
  const error = new StartError('ERR_EXITED_EARLY', 'it has gone', { details: { exitCode: 2 } });
  assert.equal(error.with({ exitCode: 3, stderr: ['last words'] }), error);
  assert.deepEqual(error.details, { exitCode: 2, stderr: ['last words'] });
});
