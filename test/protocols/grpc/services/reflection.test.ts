import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ServiceError, status } from '@grpc/grpc-js';
import { NEVER } from 'rxjs';
import { DESCRIPTOR_SET_BASE64 } from '../../../../examples/gen/descriptors.js';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { OptionsError } from '../../../../src/errors.js';
import { HealthDefinition } from '../../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from '../../../../src/protocols/grpc/gen/grpc/reflection/v1/reflection.js';
import { DescriptorIndex } from '../../../../src/protocols/grpc/services/descriptor-index.js';
import { type FileDescriptor, parseDescriptorSet } from '../../../../src/protocols/grpc/services/descriptors.js';
import { HealthService } from '../../../../src/protocols/grpc/services/health.js';
import { addReflection } from '../../../../src/protocols/grpc/services/reflection.js';
import { serveOnUnixSocket, stockClient } from '../../../support/grpc-peer.js';
import { createGrpcServer, test } from '../../../support/grpc-servers.js';

/** v1alpha has the messages of v1 under another name. */
const V1Alpha = { ...V1, fullName: 'grpc.reflection.v1alpha.ServerReflection' } as const;

const KV_SET = Buffer.from(DESCRIPTOR_SET_BASE64, 'base64');
const SILENT = { get: () => NEVER, put: () => NEVER, watch: () => NEVER, import: () => NEVER, sync: () => NEVER };

async function serveReflected(descriptorSets: readonly Uint8Array[] = [KV_SET]) {
  const server = createGrpcServer();
  addReflection(server, { descriptorSets });
  server.addService(HealthDefinition, new HealthService());
  server.addService(KVDefinition, SILENT);
  return serveOnUnixSocket(server);
}

type Request = NonNullable<ServerReflectionRequest['messageRequest']>;

/** Sends the requests on one stream, in order, and returns the answers. */
async function ask(target: string, definition: typeof V1 | typeof V1Alpha, ...requests: Request[]) {
  using client = stockClient(definition, target);
  const stream = client.bidi('serverReflectionInfo');
  const answers: ServerReflectionResponse[] = [];
  for (const messageRequest of requests) {
    stream.write({ host: 'h', messageRequest });
    const [response] = (await once(stream, 'data')) as [ServerReflectionResponse];
    assert.equal(response.validHost, 'h');
    assert.deepEqual(response.originalRequest?.messageRequest, messageRequest);
    answers.push(response);
  }
  stream.end();
  await once(stream, 'end');
  return answers.map(({ messageResponse }) => messageResponse!);
}

/** Names of the files in an answer; `NOT_FOUND` for that error. */
function filesIn(answer: NonNullable<ServerReflectionResponse['messageResponse']>): string[] {
  if (answer.$case === 'errorResponse') {
    assert.equal(answer.errorResponse.errorCode, status.NOT_FOUND);
    return ['NOT_FOUND'];
  }
  assert.equal(answer.$case, 'fileDescriptorResponse');
  const files = answer.$case === 'fileDescriptorResponse' ? answer.fileDescriptorResponse.fileDescriptorProto : [];
  return files.map((bytes) => nameOf(bytes));
}

function nameOf(file: Uint8Array): string {
  return parseDescriptorSet(Buffer.concat([Buffer.from([0x0a]), varint(file.length), file]))[0]!.name;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const bySymbol = (fileContainingSymbol: string): Request => ({ $case: 'fileContainingSymbol', fileContainingSymbol });
const byName = (fileByFilename: string): Request => ({ $case: 'fileByFilename', fileByFilename });

test("C-14 both versions list the application's and the library's services", async () => {
  await using socket = await serveReflected();
  for (const definition of [V1, V1Alpha]) {
    const [answer] = await ask(socket.target, definition, { $case: 'listServices', listServices: '*' });
    assert.equal(answer!.$case, 'listServicesResponse');
    const names =
      answer!.$case === 'listServicesResponse' ? answer!.listServicesResponse.service.map(({ name }) => name) : [];
    assert.deepEqual(names, [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'kv.v1.KV',
    ]);
  }
});

test('files are found by name and by every kind of symbol', async () => {
  await using socket = await serveReflected();
  const symbols = [
    'kv.v1.KV',
    'kv.v1.KV.Get',
    'kv.v1.GetRequest',
    'kv.v1.GetRequest.key',
    'kv.v1.SyncRequest.command',
    'kv.v1.LogRequest.Level',
    'kv.v1.LogRequest.LEVEL_INFO',
  ];
  const answers = await ask(socket.target, V1, byName('kv.proto'), ...symbols.map(bySymbol));
  assert.deepEqual(answers.map(filesIn), Array(8).fill(['kv.proto']));
  const own = await ask(
    socket.target,
    V1Alpha,
    ...[
      'plugin.GRPCBroker',
      'plugin.ConnInfo.Knock',
      'plugin.GRPCController',
      'plugin.GRPCStdio',
      'grpc.health.v1.Health',
    ].map(bySymbol),
  );
  assert.deepEqual(own.map(filesIn), [
    ['internal/plugin/grpc_broker.proto'],
    ['internal/plugin/grpc_broker.proto'],
    ['internal/plugin/grpc_controller.proto'],
    ['internal/plugin/grpc_stdio.proto', 'google/protobuf/empty.proto'],
    ['grpc/health/v1/health.proto'],
  ]);
});

test('a dependency is sent once per stream, a requested file every time', async () => {
  await using socket = await serveReflected();
  const stdio = byName('internal/plugin/grpc_stdio.proto');
  const answers = await ask(socket.target, V1, stdio, stdio, byName('google/protobuf/empty.proto'));
  assert.deepEqual(answers.map(filesIn), [
    ['internal/plugin/grpc_stdio.proto', 'google/protobuf/empty.proto'],
    ['internal/plugin/grpc_stdio.proto'],
    ['google/protobuf/empty.proto'],
  ]);
});

test('NOT_FOUND is an answer, and the stream goes on', async () => {
  await using socket = await serveReflected();
  const answers = await ask(
    socket.target,
    V1,
    byName('nope.proto'),
    bySymbol('kv.v1.Nope'),
    bySymbol(''),
    {
      $case: 'fileContainingExtension',
      fileContainingExtension: { containingType: 'kv.v1.GetRequest', extensionNumber: 100 },
    },
    { $case: 'allExtensionNumbersOfType', allExtensionNumbersOfType: 'kv.v1.Nope' },
  );
  assert.deepEqual(answers.map(filesIn), Array(5).fill(['NOT_FOUND']));
  const [none] = await ask(socket.target, V1, {
    $case: 'allExtensionNumbersOfType',
    allExtensionNumbersOfType: 'kv.v1.GetRequest',
  });
  assert.deepEqual(none, {
    $case: 'allExtensionNumbersResponse',
    allExtensionNumbersResponse: { baseTypeName: 'kv.v1.GetRequest', extensionNumber: [] },
  });
});

test('an empty request ends the stream with INVALID_ARGUMENT', async () => {
  await using socket = await serveReflected();
  using client = stockClient(V1, socket.target);
  const stream = client.bidi('serverReflectionInfo');
  const failed = once(stream.resume(), 'error') as Promise<[ServiceError]>;
  stream.write({});
  assert.equal((await failed)[0].code, status.INVALID_ARGUMENT);
});

test('a service without descriptors is listed but not described', async () => {
  await using socket = await serveReflected([]);
  const [services, file] = await ask(
    socket.target,
    V1,
    { $case: 'listServices', listServices: '' },
    bySymbol('kv.v1.KV'),
  );
  assert.ok(JSON.stringify(services).includes('kv.v1.KV'));
  assert.deepEqual(filesIn(file!), ['NOT_FOUND']);
});

test('malformed and truncated descriptor sets are refused', () => {
  assert.throws(
    () => addReflection(createGrpcServer(), { descriptorSets: [Buffer.from('not a descriptor set')] }),
    OptionsError,
  );
  let refused = 0;
  for (let end = 1; end < KV_SET.length; end += 7) {
    try {
      parseDescriptorSet(KV_SET.subarray(0, end));
    } catch (error) {
      assert.ok(error instanceof OptionsError);
      refused++;
    }
  }
  assert.ok(refused > 100);
});

test('extensions are found by the message they extend and their number', () => {
  const file = (
    name: string,
    dependencies: string[],
    extensions: FileDescriptor['extensions'],
    symbols: string[],
  ): FileDescriptor => ({
    name,
    bytes: Buffer.from(name),
    dependencies,
    symbols,
    extensions,
  });
  const base = file('base.proto', ['loop.proto', 'missing.proto'], [], ['x.Base']);
  const loop = file(
    'loop.proto',
    ['base.proto'],
    [7, 3].map((number) => ({ extendee: 'x.Base', number })),
    [],
  );
  const again = file('base.proto', [], [], ['x.Other']);
  const index = new DescriptorIndex([base, loop, again]);
  assert.deepEqual(index.extensionsOf('x.Base'), [3, 7]);
  assert.equal(index.fileExtending('x.Base', 7), loop);
  assert.equal(index.fileExtending('x.Base', 8), undefined);
  assert.equal(index.fileDeclaring('x.Other'), undefined);
  const names = index.withDependencies(base, new Set()).map((bytes) => Buffer.from(bytes).toString());
  assert.deepEqual(names, ['base.proto', 'loop.proto']);
});
