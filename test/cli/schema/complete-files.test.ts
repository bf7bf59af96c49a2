import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { Schema } from '../../../src/cli/schema/schema.js';
import { buildTexts } from './built-protos.js';

const { file: files } = buildTexts(
  new Map([
    ['lost/types.proto', 'syntax = "proto3"; package lost; message Lost {} enum Color { COLOR_NONE = 0; }'],
    ['here/types.proto', 'syntax = "proto3"; package here; message Here { enum Kind { KIND_NONE = 0; } }'],
    [
      'kv.proto',
      `syntax = "proto3"; package kv; import "here/types.proto"; import "lost/types.proto";
       service KV { rpc Get(here.Here) returns (Answer); rpc Find(lost.Lost) returns (Answer); rpc Put(Outer) returns (Answer); }
       message Answer { here.Here.Kind kind = 1; }
       message Inner { message Deep { lost.Color color = 1; } Deep deep = 1; }
       message Outer { Inner inner = 1; }`,
    ],
  ]),
);
const without = (name: string): readonly FileDescriptorProto[] => files.filter((file) => file.name !== name);

test('a missing file takes away the methods that need it, and no others', () => {
  const schema = new Schema(['kv.KV'], without('lost/types.proto'));
  assert.deepEqual(
    schema.services.get('kv.KV')?.methods.map(({ name }) => name),
    ['Get'],
  );
  assert.equal(schema.missingFor('kv.KV'), 'lost/types.proto');
  assert.equal(schema.registry.getMessage('kv.Outer'), undefined);
});

test('a placeholder of a file, as grpc-go sends it, is no file', () => {
  const given = files.map((file) =>
    file.name === 'lost/types.proto' ? { ...file, messageType: [], enumType: [], syntax: '<unknown:0>' } : file,
  );
  const schema = new Schema(['kv.KV'], given);
  assert.equal(schema.missingFor('kv.KV'), 'lost/types.proto');
});

test('a file is found under another path than that of the import, and in any order', () => {
  const moved = [...files]
    .reverse()
    .map((file) => ({ ...file, name: file.name.replace(/^lost\//, 'elsewhere/lost/') }));
  const schema = new Schema(['kv.KV'], moved);
  assert.equal(schema.services.get('kv.KV')?.methods.length, 3);
});

test('a whole schema is in part nowhere', () => {
  const schema = new Schema(['kv.KV'], [...files].reverse());
  assert.equal(schema.services.get('kv.KV')?.methods.length, 3);
  assert.equal(schema.missingFor('kv.KV'), undefined);
});

test('files that import each other are an error, and no endless loop', () => {
  const circle = files.map((file) => ({ ...file, dependency: [...file.dependency, 'kv.proto'] }));
  assert.throws(() => new Schema(['kv.KV'], circle), /The descriptors contradict each other: /);
});
