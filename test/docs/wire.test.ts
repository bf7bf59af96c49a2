import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthDefinition } from '../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { ConnInfo, GRPCBrokerDefinition } from '../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GRPCControllerDefinition } from '../../src/protocols/grpc/gen/internal/plugin/grpc_controller.js';
import {
  GRPCStdioDefinition,
  StdioData,
  StdioData_Channel,
} from '../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import { readTable } from '../support/markdown-table.js';
import { linksOf } from './markdown.js';
import { filesBelow, read } from './repository.js';

test('docs/wire.md links every page of docs/wire/', () => {
  const linked = linksOf(read('docs/wire.md')).map(({ target }) => `docs/${target}`);
  assert.deepEqual(
    filesBelow('docs/wire', '.md').filter((page) => !linked.includes(page)),
    [],
  );
});

test('docs/wire/grpc.md: the methods are those of the definitions', () => {
  const named = readTable('wire/grpc.md', 'Method', 'Kind').map(([method = '']) => method.replaceAll('`', ''));
  const paths = [GRPCBrokerDefinition, GRPCStdioDefinition, HealthDefinition, GRPCControllerDefinition].flatMap(
    ({ fullName, methods }) => Object.values(methods).map(({ name }) => `/${fullName}/${name}`),
  );
  const called = paths.filter((path) => !/Watch|List$/.test(path));
  assert.deepEqual(
    named.filter((path) => !path.includes('reflection')),
    called,
  );
});

test('docs/wire/grpc.md: messages are encoded as in the table', () => {
  const rows = readTable('wire/grpc.md', 'Message', 'Bytes').map(([, bytes]) => bytes);
  const knock = { knock: true, ack: false, error: '' };
  const messages = [
    ConnInfo.encode({ serviceId: 1, network: 'unix', address: '/x', knock: undefined }),
    ConnInfo.encode({ serviceId: 1, network: '', address: '', knock }),
    ConnInfo.encode({ serviceId: 1, network: '', address: '', knock: { ...knock, ack: true } }),
    StdioData.encode({ channel: StdioData_Channel.STDOUT, data: Buffer.from('hi') }),
  ];
  assert.deepEqual(
    rows,
    messages.map((writer) =>
      Buffer.from(writer.finish())
        .toString('hex')
        .replaceAll(/..(?!$)/g, '$& '),
    ),
  );
});
