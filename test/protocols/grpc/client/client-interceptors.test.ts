import assert from 'node:assert/strict';
import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { test } from '../../../support/engines.js';
import { memoryRig } from '../../../support/probe-rig.js';

test('interceptors run for each subscription, the outermost first, and may repeat the call', async () => {
  const log: string[] = [];
  const trace = (name: string): NonNullable<Parameters<typeof memoryRig>[0]>['interceptors'] => [
    (call, next) => {
      log.push(`${name} ${call.path}`);
      return next(call);
    },
  ];
  await using rig = memoryRig({ interceptors: [...trace('a')!, ...trace('b')!] });
  const call$ = rig.client.echo({});
  assert.deepEqual(log, []);
  await firstValueFrom(call$);
  assert.deepEqual(log, ['a /rxplug.conformance.Probe/Echo', 'b /rxplug.conformance.Probe/Echo']);
});

test('an interceptor may change options, request and response', async () => {
  await using rig = memoryRig({
    interceptors: [
      (call, next) => {
        const metadata = new Metadata();
        metadata.set('echo-added', 'yes');
        return next({ ...call, request: { number: 41 }, options: { ...call.options, metadata } });
      },
    ],
  });
  let seen: unknown;
  const onHeaders = (headers: Metadata) => {
    seen = headers.get('echo-added')[0];
  };
  assert.equal((await firstValueFrom(rig.client.echo({}, { onHeaders }))).number, 41);
  assert.equal(seen, 'yes');
});
