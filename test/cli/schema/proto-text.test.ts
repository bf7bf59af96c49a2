import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { create, createFileRegistry, type JsonValue, type Registry, toJson } from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_cpp_features,
  file_google_protobuf_descriptor,
  file_google_protobuf_go_features,
  file_google_protobuf_struct,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import { excerpt } from '../../../src/cli/schema/excerpt.js';
import { fileText } from '../../../src/cli/schema/proto-text/file-text.js';
import { Names } from '../../../src/cli/schema/proto-text/scope.js';
import { isWellKnown } from '../../../src/cli/schema/written-schema.js';
import { REPOSITORY } from '../../conformance/build-go.js';
import { buildProtos, buildTexts } from './built-protos.js';

const FOLDERS = ['proto', 'test/conformance/proto', 'test/interop/grpc/proto', 'test/cli/schema/proto'];

/** A descriptor in a form that compares: custom options by name, and no difference between no options and none set. */
function comparable(file: FileDescriptorProto, registry: Registry): JsonValue {
  const json = toJson(FileDescriptorProtoSchema, file, { registry });
  return JSON.parse(JSON.stringify(json, (key, value) => (key === 'options' && isEmpty(value) ? undefined : value)));
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function printed(files: Iterable<FileDescriptorProto>, set: FileDescriptorSet): ReadonlyMap<string, string> {
  const registry = createFileRegistry(set);
  const names = Names.of(registry);
  return new Map([...files].map((file) => [file.name, fileText(file, registry, names)]));
}

/** Compares the files of a set with what a compiler reads of their text. */
function assertSameWhenCompiled(files: readonly FileDescriptorProto[], set: FileDescriptorSet): void {
  const registry = createFileRegistry(set);
  const compiled = new Map(buildTexts(printed(files, set)).file.map((file) => [file.name, file]));
  for (const file of files) {
    const again = compiled.get(file.name);
    assert.ok(again !== undefined, file.name);
    assert.deepEqual(comparable(again, registry), comparable(file, registry), file.name);
  }
}

for (const folder of FOLDERS) {
  test(`the printed files of ${folder} compile to the same descriptors`, () => {
    const set = buildProtos(join(REPOSITORY, folder));
    const own = set.file.filter((file) => !isWellKnown(file));
    assert.ok(own.length > 0);
    assertSameWhenCompiled(own, set);
  });
}

test("the printed files of Google's well-known types compile to the same descriptors", () => {
  const files = [
    file_google_protobuf_any,
    file_google_protobuf_api,
    file_google_protobuf_cpp_features,
    file_google_protobuf_descriptor,
    file_google_protobuf_go_features,
    file_google_protobuf_struct,
    file_google_protobuf_type,
    file_google_protobuf_wrappers,
  ];
  const imported = [...new Set([...files.flatMap(({ dependencies }) => dependencies), ...files])];
  const file = imported
    .map(({ proto }) => proto)
    .sort((left, right) => left.dependency.length - right.dependency.length);
  assertSameWhenCompiled(file, create(FileDescriptorSetSchema, { file }));
});

test('the excerpt of every type and method of a schema compiles by itself', () => {
  const set = buildProtos(join(REPOSITORY, 'test/cli/schema/proto'));
  const registry = createFileRegistry(set);
  const texts = new Map<string, string>();
  const add = (folder: string, found: readonly FileDescriptorProto[] | undefined): void => {
    assert.ok(found !== undefined, folder);
    assert.ok(found.length > 0, folder);
    for (const [name, text] of printed(
      found.filter((file) => !isWellKnown(file)),
      set,
    )) {
      texts.set(`${folder}/${name}`, text);
    }
  };
  for (const type of [...registry].filter(({ typeName }) => typeName.startsWith('acme.three'))) {
    add(type.typeName, excerpt(registry, type.typeName));
    if (type.kind === 'service') for (const { name } of type.methods) add(name, excerpt(registry, type.typeName, name));
  }
  const folders = new Set([...texts.keys()].map((name) => name.split('/', 1)[0]!));
  for (const folder of folders) {
    const own = [...texts].filter(([name]) => name.startsWith(`${folder}/`));
    buildTexts(new Map(own.map(([name, text]) => [name.slice(folder.length + 1), text])));
  }
  const [watch] = [...texts].filter(([name]) => name === 'Watch/acme/three.proto');
  assert.match(watch![1], /rpc Watch\(stream three\.Thing\) returns \(stream old\.Every\.Before\);/);
  assert.doesNotMatch(watch![1], /rpc Get/);
});
