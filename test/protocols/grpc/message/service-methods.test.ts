import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGrpcServer } from '../../../../src/protocols/grpc/engine.js';
import type { AnyMessageType } from '../../../../src/protocols/grpc/message/encode.js';
import { serviceMethods } from '../../../../src/protocols/grpc/message/service-methods.js';
import type { ServiceDefinition } from '../../../../src/protocols/grpc/shared/service-definition.js';
import { Payload } from '../../../conformance/gen/probe.js';

test('a definition is looked at once, however often its service is served, as a broker does for each call', () => {
  let reads = 0;
  const counted = {
    fullName: 'test.Counted',
    name: 'Counted',
    get methods() {
      reads += 1;
      const type = Payload as AnyMessageType;
      const kinds = { requestStream: false, responseStream: false, options: {} } as const;
      return { echo: { name: 'Echo', requestType: type, responseType: type, ...kinds } };
    },
  } satisfies ServiceDefinition;
  createGrpcServer().addService(counted, { echo: (message: unknown) => message as object });
  const readsOfOne = reads;
  for (let time = 0; time < 3; time += 1) {
    createGrpcServer().addService(counted, { echo: (message: unknown) => message as object });
  }
  assert.ok(readsOfOne > 0);
  assert.equal(reads, readsOfOne);
});

test('whether a message type takes our reader is found out once, and not before the method is called', () => {
  let decoded = 0;
  const decode = (...args: Parameters<typeof Payload.decode>) => {
    decoded += 1;
    return Payload.decode(...args);
  };
  // Generated code has two parameters, which is looked at.
  Object.defineProperty(decode, 'length', { value: 2 });
  const type = { ...Payload, decode } as AnyMessageType;
  const kinds = { requestStream: false, responseStream: false, options: {} } as const;
  const methods = { echo: { name: 'Echo', requestType: type, responseType: type, ...kinds } };
  const [method] = serviceMethods({ fullName: 'test.Decoded', name: 'Decoded', methods });
  assert.equal(decoded, 0);
  assert.equal(method!.decodeRequest, method!.decodeRequest);
  assert.equal(decoded, 1);
});

test('what is no definition is refused, and known ones are given again', () => {
  assert.throws(() => serviceMethods({} as ServiceDefinition), /Expected a service definition/);
  const definition = { fullName: 'test.Empty', name: 'Empty', methods: {} };
  assert.equal(serviceMethods(definition), serviceMethods(definition));
});
