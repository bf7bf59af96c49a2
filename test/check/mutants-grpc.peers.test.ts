import { testMutants } from './test-mutants.js';

testMutants(
  [
    ['G-01', /^NOT_SERVING$/],
    ['G-02', /unknown service: the status 1/],
    ['G-03', /no reflection/],
    ['G-04', /without GRPCBroker$/],
    ['G-05', /StreamStdio ended: OK/],
    ['G-06', /unknown method: INTERNAL/],
    ['G-07', /RESOURCE_EXHAUSTED/],
    ['G-08', /./],
    ['G-09', /DEADLINE_EXCEEDED|not answered/],
    ['G-10', /after bytes that are no preface: /],
  ],
  ['S-07'],
);
