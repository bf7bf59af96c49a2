import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createGrpcClient } from 'rxplug/grpc';
import type { BrokerCall } from 'rxplug/testing';
import { HealthDefinition } from '../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { handshake, mutantOf, resultsOf } from './mutants.js';
import { testMutants } from './test-mutants.js';

/** A method of the mutants, which dials the host at the id that is given. */
const DIALER = {
  name: 'Dialer',
  fullName: 'mutants.Dialer',
  methods: { dial: { ...HealthDefinition.methods.check, name: 'Dial' } },
} as const;

const brokerCall: BrokerCall = ({ channel, brokerId }) =>
  firstValueFrom(createGrpcClient(channel, DIALER).dial({ service: String(brokerId) }));

test('B-01: a plugin that dials meets it', async () => {
  const [found] = await resultsOf({
    command: mutantOf('B-01-good'),
    handshake,
    protocolVersions: [1, 2],
    only: ['B-01'],
    brokerCall,
  });
  assert.deepEqual([found?.result, found?.got], ['pass', 'it dials']);
});

testMutants(
  [
    ['O-01', /no answer to call \d+/],
    ['O-02', /0 of 1 lines; another is "plain text"/],
    ['O-03', /"ready\\n"/],
    ['M-01', /field 7 is "yes"/],
    ['B-01', /no dial within/, { brokerCall }],
    ['E-01', /no end within 2000 ms/],
    ['E-02', /exit with code 3/],
    ['E-03', /it is still there/],
    ['E-04', /it ends with code 1/],
    ['E-05', /it ends with code 1/],
    ['E-06', /after its end: pid \d+/],
    ['E-07', /it still runs/],
  ],
  ['S-04', 'G-01'],
);

testMutants(
  [
    ['N-01', /2 of three/],
    ['N-02', /no ping/, { only: ['N-02', 'S-04'] }],
    ['N-03', /no error/],
    ['N-04', /no error/],
    ['N-05', /./, { only: ['N-05'] }],
    ['N-06', /stdout ended/],
    ['N-07', /no answer to Control.Ping/],
  ],
  ['S-04', 'S-07', 'E-01'],
  'netrpc',
);
