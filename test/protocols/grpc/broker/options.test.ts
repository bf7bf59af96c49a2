import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { lastValueFrom } from 'rxjs';
import { type CallInterceptor, type GrpcBroker, status } from '../../../../src/grpc.js';
import { ProbeDefinition } from '../../../conformance/gen/probe.js';
import { hasStatus, meet } from '../../../contracts/broker.js';
import { brokerPair, echo, probe } from '../../../support/broker-pair.js';

/** Interceptor that notes the calls of a server. */
function noting(calls: string[]): ServerInterceptor {
  return (method, call) => {
    calls.push(method.path);
    return new ServerInterceptingCall(call);
  };
}

for (const engine of ['native', 'grpc-js'] as const) {
  for (const multiplex of [false, true]) {
    const name = `[${engine}${multiplex ? ', multiplexed' : ''}]`;

    test(`interceptors and limits of a broker apply to the servers that it starts ${name}`, async () => {
      const calls = { host: [] as string[], plugin: [] as string[] };
      const server = (side: keyof typeof calls) => ({
        interceptors: [noting(calls[side])],
        maxReceiveMessageBytes: 1000,
      });
      await using pair = await brokerPair({
        multiplex,
        transport: 'unix',
        grpcEngine: engine,
        host: { broker: { server: server('host') } },
        serve: { broker: { server: server('plugin') } },
      });
      const limited = async (accepting: GrpcBroker, dialing: GrpcBroker) => {
        await using channel = await meet(accepting, dialing, 1);
        assert.equal(await echo(channel, 'small'), 'small');
        await assert.rejects(echo(channel, 'x'.repeat(2000)), hasStatus(status.RESOURCE_EXHAUSTED));
      };
      await limited(pair.host, pair.plugin);
      await limited(pair.plugin, pair.host);
      for (const noted of [calls.host, calls.plugin])
        assert.deepEqual(noted, Array(2).fill('/rxplug.conformance.Probe/Echo'));
    });

    test(`a plugin's brokered servers have the options of its main server, unless told otherwise ${name}`, async () => {
      const calls: string[] = [];
      await using pair = await brokerPair({
        multiplex,
        transport: 'unix',
        grpcEngine: engine,
        serve: { interceptors: [noting(calls)] },
      });
      await using channel = await meet(pair.plugin, pair.host, 1);
      const before = calls.length;
      assert.equal(await echo(channel, ''), '');
      assert.deepEqual(calls.slice(before), ['/rxplug.conformance.Probe/Echo']);
    });

    test(`interceptors of clients apply to borrowed services ${name}`, async () => {
      const names: string[] = [];
      const note: CallInterceptor = (call, next) => {
        names.push(call.path);
        return next(call);
      };
      const host = { broker: { client: { interceptors: [note] } } };
      await using pair = await brokerPair({ multiplex, transport: 'unix', grpcEngine: engine, host });
      const borrowed$ = pair.plugin.lend(ProbeDefinition, probe(), (id) =>
        pair.host.borrow(ProbeDefinition, id, (lent) => lent.echo({ number: 1 })),
      );
      await lastValueFrom(borrowed$);
      assert.equal(names.length, 1);
    });
  }
}
