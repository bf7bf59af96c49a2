import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { saveProtos } from '../../src/cli/schema/written-schema.js';
import { needsGo } from '../conformance/build-go.js';
import { goPlugin, ourPlugin } from '../conformance/peers.js';
import { runCli } from './run-cli.js';
import { buildProtos } from './schema/built-protos.js';

const COOKIE = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];
const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-schema-'));
after(() => rmSync(directory, { recursive: true }));

test('inspect of a method or a type prints its .proto text with what it uses', needsGo(), async () => {
  const go = ['--', ...(await goPlugin())];
  const method = await runCli(['inspect', ...COOKIE, 'Probe/Consume', ...go]);
  assert.equal(method.code, 0, method.stderr);
  assert.match(
    method.stdout,
    /^\/\/ .*probe\.proto\nsyntax = "proto3";\n\npackage rxplug\.conformance;\n\nservice Probe \{\n {2}rpc Consume\(/,
  );
  assert.match(method.stdout, /^message Digest \{$/m);
  assert.doesNotMatch(method.stdout, /rpc Echo|message Description/);
  const type = await runCli(['inspect', ...COOKIE, '--json', 'Digest', ...go]);
  const { proto } = JSON.parse(type.stdout);
  assert.match(proto, /^message Digest \{$/m);
  assert.doesNotMatch(proto, /service/);
});

test('a template is a request that the method takes', needsGo(), async () => {
  const go = ['--', ...(await goPlugin())];
  const { stdout, stderr } = await runCli(['inspect', ...COOKIE, '--template', 'Probe/Echo', ...go]);
  assert.ok('data' in JSON.parse(stdout), stderr);
  const called = await runCli(['call', ...COOKIE, '--emit-defaults', 'Probe/Echo', stdout, ...go]);
  assert.deepEqual(JSON.parse(called.stdout), JSON.parse(stdout), called.stderr);
});

test(
  'saved descriptors describe a plugin that does not describe itself, and saved .proto files are the same',
  needsGo(),
  async () => {
    const file = join(directory, 'probe.binpb');
    const protos = join(directory, 'protos');
    const save = ['--save-descriptors', file, '--save-protos', protos];
    const { code, stderr } = await runCli(['inspect', ...COOKIE, ...save, '--', ...(await goPlugin())]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Wrote .*probe\.binpb\.\nWrote \d+ \.proto files into .*protos\.\n$/);
    const called = await runCli([
      'call',
      ...COOKIE,
      '--descriptors',
      file,
      'Echo',
      '{"data":"YQ=="}',
      '--',
      ...(await ourPlugin()),
    ]);
    assert.deepEqual(JSON.parse(called.stdout), { data: 'YQ==' }, called.stderr);
    const saved = fromBinary(FileDescriptorSetSchema, readFileSync(file));
    const compiled = new Map(buildProtos(protos).file.map((one) => [one.name, one]));
    for (const one of saved.file) assert.deepEqual(compiled.get(one.name)?.messageType, one.messageType, one.name);
  },
);

for (const name of [
  '../outside.proto',
  '/outside.proto',
  'a/../../outside.proto',
  'C:\\outside.proto',
  'a//b.proto',
  '',
]) {
  test(`a plugin that names a file ${JSON.stringify(name)} writes nothing outside of the folder`, async () => {
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [{ name, syntax: 'proto3' }] }));
    const folder = join(directory, 'inner');
    await assert.rejects(saveProtos(folder, registry), /Expected a relative path that stays in the folder/);
    assert.deepEqual(
      readdirSync(directory).filter((entry) => entry.startsWith('outside')),
      [],
    );
  });
}

test('wrong names and flags are told with the exit code 2', needsGo(), async () => {
  const go = ['--', ...(await goPlugin())];
  for (const [words, expected] of [
    [['Nope'], 'The plugin has no service, method or type Nope. Its services: '],
    [['ServerReflectionInfo'], 'ServerReflectionInfo may mean '],
    [['--template'], '--template wants the name of a method or a message.'],
    [['--template', 'Probe'], '--template wants a method or a message, and Probe is a service.'],
    [['--save-descriptors', '/none/x'], 'Cannot write /none/x: '],
    [['--save-protos', '/dev/null/x'], 'Cannot write /dev/null/x: '],
  ] as const) {
    const { code, stdout, stderr } = await runCli(['inspect', ...COOKIE, ...words, ...go]);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.ok(stderr.includes(expected), stderr);
  }
});
