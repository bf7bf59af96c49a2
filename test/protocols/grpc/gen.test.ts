import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthCheckRequest, HealthCheckResponse } from '../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { ConnInfo, GRPCBrokerDefinition } from '../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { Empty, GRPCControllerDefinition } from '../../../src/protocols/grpc/gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition, StdioData } from '../../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import {
  type MessageType,
  methodPath,
  type ServiceDefinition,
} from '../../../src/protocols/grpc/shared/service-definition.js';

/** A message, and its bytes as go-plugin's generated code writes them. */
const MESSAGES: readonly [string, MessageType, unknown, string][] = [
  ['an address', ConnInfo, { serviceId: 1, network: 'unix', address: '/x' }, '08011204756e69781a022f78'],
  ['a knock', ConnInfo, { serviceId: 1, knock: { knock: true } }, '080122020801'],
  ['a knock answered', ConnInfo, { serviceId: 1, knock: { knock: true, ack: true } }, '0801220408011001'],
  [
    'a knock refused',
    ConnInfo,
    { serviceId: 1, knock: { knock: true, ack: true, error: 'no' } },
    `08012208080110011a02${Buffer.from('no').toString('hex')}`,
  ],
  ['8 bytes on stdout', StdioData, { channel: 1, data: Buffer.from('12345678') }, '080112083132333435363738'],
  ['bytes on stderr', StdioData, { channel: 2, data: Buffer.from('x') }, '0802120178'],
  ['nothing', Empty, {}, ''],
  ['a health check', HealthCheckRequest, { service: 'plugin' }, `0a06${Buffer.from('plugin').toString('hex')}`],
  ['a health answer', HealthCheckResponse, { status: 1 }, '0801'],
];

test('the messages have the bytes of go-plugin', () => {
  for (const [what, type, input, hex] of MESSAGES) {
    const codec = type as MessageType<unknown, unknown>;
    const message = codec.fromPartial(input);
    assert.equal(Buffer.from(codec.encode(message).finish()).toString('hex'), hex, what);
    assert.deepEqual(codec.decode(Buffer.from(hex, 'hex')), message, what);
  }
});

test('an unknown channel, an unknown field and a repeated field are read as Go reads them', () => {
  assert.equal(StdioData.decode(Buffer.from('0807', 'hex')).channel, 7);
  assert.equal(ConnInfo.decode(Buffer.from('fa0100' + '0801', 'hex')).serviceId, 1);
  assert.equal(ConnInfo.decode(Buffer.from('08010802', 'hex')).serviceId, 2);
});

test('truncated messages are refused at every cut that splits a field', () => {
  const bytes = Buffer.from('08011204756e69781a022f78', 'hex');
  const whole = new Set([0, 2, 8, 12]);
  for (let end = 0; end <= bytes.length; end++) {
    if (whole.has(end)) ConnInfo.decode(bytes.subarray(0, end));
    else assert.throws(() => ConnInfo.decode(bytes.subarray(0, end)), `cut at ${end}`);
  }
});

test('the method paths are those of go-plugin', () => {
  const paths = (service: ServiceDefinition) =>
    Object.values(service.methods).map((method) => methodPath(service, method));
  assert.deepEqual([GRPCBrokerDefinition, GRPCControllerDefinition, GRPCStdioDefinition].flatMap(paths), [
    '/plugin.GRPCBroker/StartStream',
    '/plugin.GRPCController/Shutdown',
    '/plugin.GRPCStdio/StreamStdio',
  ]);
  const kinds = (service: ServiceDefinition) =>
    Object.values(service.methods).map(({ requestStream, responseStream }) => [requestStream, responseStream]);
  assert.deepEqual([GRPCBrokerDefinition, GRPCControllerDefinition, GRPCStdioDefinition].flatMap(kinds), [
    [true, true],
    [false, false],
    [false, true],
  ]);
});
