import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disagreements } from '../../../src/wire/manifest/agreement.js';
import { FULL } from './examples.js';

test('what a plugin that runs does not do as its manifest says is told, each in a sentence', () => {
  assert.deepEqual(disagreements(FULL, { protocolVersion: 2, protocol: 'grpc' }), []);
  assert.deepEqual(disagreements(FULL, { protocolVersion: 4, protocol: 'netrpc' }), [
    'the plugin speaks protocol version 4, and its manifest says 2, 3',
    'the plugin serves netrpc, and its manifest says grpc',
  ]);
});
