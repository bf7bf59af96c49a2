import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFileRegistry, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { template } from '../../../src/cli/schema/template.js';
import { REPOSITORY } from '../../conformance/build-go.js';
import { buildProtos } from './built-protos.js';

const registry = createFileRegistry(buildProtos(join(REPOSITORY, 'test/cli/schema/proto')));

test('the template of every message is a valid request', () => {
  const messages = [...registry].filter((type) => type.kind === 'message');
  assert.ok(messages.length > 30);
  for (const type of messages) fromJson(type, template(type), { registry });
});

test('a template has every field, of a oneof the first, and no message in itself', () => {
  const thing = template(registry.getMessage('acme.three.Thing')!) as JsonObject;
  assert.equal(thing['kind'], undefined);
  assert.equal('self' in thing || 'any' in thing, false);
  assert.deepEqual(thing['numbers'], ['0']);
  assert.deepEqual(thing['moods'], { 0: 'MOOD_NONE' });
  assert.deepEqual([thing['at'], thing['lasts'], thing['wrapped']], ['1970-01-01T00:00:00Z', '0s', '0']);
});
