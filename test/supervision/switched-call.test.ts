import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, from, NEVER, Subject } from 'rxjs';
import { KVDefinition, PutResponse } from '../../examples/gen/kv.js';
import { createGrpcClient, GrpcError, status } from '../../src/grpc.js';
import type {
  GrpcCall,
  GrpcCallEvents,
  GrpcCallOptions,
  GrpcChannel,
} from '../../src/protocols/grpc/client/channel.js';
import { encodeFramed } from '../../src/protocols/grpc/message/encode.js';
import { isIdempotent } from '../../src/protocols/grpc/shared/method-definition.js';
import { fromProtobufEs, type ProtobufEsService } from '../../src/protocols/grpc/shared/protobuf-es.js';
import { type CallStatus, localStatus } from '../../src/protocols/grpc/shared/status.js';
import { mayReplay, type ReplayOption } from '../../src/supervision/calls/replay.js';
import type { CallMember } from '../../src/supervision/calls/switched-call.js';
import { SwitchingChannel } from '../../src/supervision/calls/switching-channel.js';
import { routeTo } from '../support/route-to.js';

const LOST = (delivery: 'none' | 'unknown'): CallStatus => ({ ...localStatus(status.UNAVAILABLE, 'lost'), delivery });

/** A call as a generation has it: the test says what becomes of it. */
class ScriptedCall implements GrpcCall {
  readonly events: GrpcCallEvents;
  readonly options: GrpcCallOptions;
  readonly sent: (Uint8Array | undefined)[] = [];
  constructor(options: GrpcCallOptions, events: GrpcCallEvents) {
    this.options = options;
    this.events = events;
  }
  write(framed: Uint8Array): boolean {
    this.sent.push(framed);
    return true;
  }
  end(framed?: Uint8Array): void {
    this.sent.push(framed);
  }
  request(): void {}
  cancel(code: number = status.CANCELLED): void {
    this.events.onStatus(localStatus(code, 'cancelled'));
  }
  answer(): void {
    const bytes = encodeFramed(PutResponse as never, { revision: 7n });
    this.events.onHeaders([]);
    this.events.onMessage(bytes, 5, bytes.length);
    this.events.onStatus({ code: 0, detail: '', trailers: ['grpc-status', '0'] });
  }
}

/** Generations that are scripted, behind a switching channel. */
function bench(replay: ReplayOption) {
  const calls: ScriptedCall[] = [];
  const available$ = new Subject<undefined>();
  const memberOf = (generation: number): CallMember => ({
    ...(routeTo({ state$: NEVER } as unknown as GrpcChannel).pick({ path: '' }) as CallMember),
    generation,
    channel: {
      call(_path: string, options: GrpcCallOptions, events: GrpcCallEvents) {
        const call = new ScriptedCall(options, events);
        calls.push(call);
        return call;
      },
    } as unknown as GrpcChannel,
  });
  let current: CallMember | undefined = memberOf(1);
  const route = {
    ...routeTo({ state$: NEVER } as unknown as GrpcChannel),
    state: { status: 'ready' } as const,
    available$,
    pick: () => current,
    mayReplay: (
      { path, idempotent }: { path: string; idempotent: boolean },
      { generation }: CallMember,
      lost: CallStatus,
    ) => mayReplay(replay, { path, generation, idempotent, delivery: lost.delivery ?? 'unknown' }),
  };
  const client = createGrpcClient(new SwitchingChannel(route), KVDefinition);
  return {
    calls,
    client,
    die: (lost: CallStatus) => {
      current = undefined;
      calls.at(-1)?.events.onStatus(lost);
    },
    serve: (generation: number) => {
      current = memberOf(generation);
      available$.next(undefined);
    },
    put: () => firstValueFrom(client.put({ key: 'a' })).catch((error: unknown) => error),
  };
}

const isUnavailable = (error: unknown) => GrpcError.is(error) && error.status === status.UNAVAILABLE;

test('a call that its generation has not seen is made again on the next one, with the same request', async () => {
  const { calls, put, die, serve } = bench('unsent');
  const answer = put();
  die(LOST('none'));
  assert.equal(calls.length, 1, 'it waits');
  serve(2);
  assert.equal(calls.length, 2);
  assert.deepEqual(calls[1]?.sent, calls[0]?.sent);
  calls[1]?.answer();
  assert.deepEqual(await answer, { revision: 7n });
});

test('one that it may have seen fails, unless the replay rule says otherwise', async () => {
  const careful = bench('unsent');
  const failed = careful.put();
  careful.die(LOST('unknown'));
  assert.ok(isUnavailable(await failed));
  const bold = bench(
    ({ delivery, generation, path }) => delivery === 'unknown' && generation === 1 && path === '/kv.v1.KV/Put',
  );
  const answer = bold.put();
  bold.die(LOST('unknown'));
  bold.serve(2);
  bold.calls[1]?.answer();
  assert.deepEqual(await answer, { revision: 7n });
  const never = bench('never');
  const refused = never.put();
  never.die(LOST('none'));
  assert.ok(isUnavailable(await refused));
});

test('it is made again twice at most', async () => {
  const { calls, put, die, serve } = bench('unsent');
  const failed = put();
  for (const generation of [2, 3]) {
    die(LOST('none'));
    serve(generation);
  }
  die(LOST('none'));
  assert.ok(isUnavailable(await failed));
  assert.equal(calls.length, 3);
});

test('a status that the plugin has sent is no interruption, nor is anything after the first part of an answer', async () => {
  const { calls, put, serve } = bench(() => true);
  const refused = put();
  calls[0]?.events.onStatus({ code: status.UNAVAILABLE, detail: 'busy', trailers: ['grpc-status', '14'] });
  assert.ok(isUnavailable(await refused));
  const begun = put();
  calls[1]?.events.onHeaders([]);
  calls[1]?.events.onStatus(LOST('unknown'));
  assert.ok(isUnavailable(await begun));
  serve(2);
  assert.equal(calls.length, 2);
});

test('a stream of requests that has begun is not made again', async () => {
  const { calls, client, serve } = bench(() => true);
  const failed = firstValueFrom(client.import(from([{ key: 'a' }, { key: 'b' }]))).catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok((calls[0]?.sent.length ?? 0) > 0);
  calls[0]?.events.onStatus(LOST('none'));
  assert.ok(isUnavailable(await failed));
  serve(2);
  assert.equal(calls.length, 1);
});

test('the deadline goes on over the generations', async () => {
  const { calls, client, die, serve } = bench('unsent');
  const answer = firstValueFrom(client.put({ key: 'a' }, { timeoutMs: 60_000 }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  die(LOST('none'));
  serve(2);
  assert.equal(calls[0]?.options.timeoutMs, 60_000);
  assert.ok((calls[1]?.options.timeoutMs ?? 0) < 60_000);
  calls[1]?.answer();
  await answer;
});

test('a call that waits can be cancelled, and leaves nothing', async () => {
  const { calls, client, die, serve } = bench('unsent');
  const subscription = client.put({ key: 'a' }).subscribe();
  die(LOST('none'));
  subscription.unsubscribe();
  serve(2);
  assert.equal(calls.length, 1);
});

test('idempotency is read from the definitions of ts-proto and of protobuf-es', async () => {
  const { put } = KVDefinition.methods;
  const declared = (idempotencyLevel: string) => isIdempotent({ ...put, options: { idempotencyLevel } } as never);
  assert.deepEqual(['IDEMPOTENT', 'NO_SIDE_EFFECTS', 'IDEMPOTENCY_UNKNOWN'].map(declared), [true, true, false]);
  assert.equal(isIdempotent(put as never), false);
  const streaming = { ...put, requestStream: true, options: { idempotencyLevel: 'IDEMPOTENT' } };
  assert.equal(isIdempotent(streaming as never), false);
  const rpc = (idempotency: number) => ({
    kind: 'rpc',
    name: 'M',
    methodKind: 'unary',
    input: {},
    output: {},
    idempotency,
  });
  const service = { kind: 'service', name: 'S', typeName: 's.S', method: { a: rpc(0), b: rpc(1), c: rpc(2) } };
  const { methods } = await fromProtobufEs(service as unknown as ProtobufEsService);
  assert.deepEqual(Object.values(methods).map(isIdempotent), [false, true, true]);
});

test('which calls are made again', () => {
  const call = { path: '/s/M', generation: 1 };
  const table = (replay: ReplayOption) =>
    [false, true].flatMap((idempotent) =>
      (['none', 'unknown'] as const).map((delivery) => mayReplay(replay, { ...call, idempotent, delivery })),
    );
  assert.deepEqual(table('unsent'), [true, false, true, false]);
  assert.deepEqual(table('idempotent'), [true, false, true, true]);
  assert.deepEqual(table('never'), [false, false, false, false]);
});
