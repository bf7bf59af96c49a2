import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import { Change, SyncResponse } from '../../../../examples/gen/kv.js';
import { MessageDecoder } from '../../../../src/protocols/grpc/message/framing.js';
import type { GrpcServerOptions } from '../../../../src/protocols/grpc/server/grpc-server.js';
import { within } from '../../../support/defer.js';
import { test } from '../../../support/grpc-servers.js';
import { type KV, serveKv } from '../../../support/kv-server.js';
import { framed, RawCall } from '../../../support/raw-call.js';

const COUNT = 6;

interface Entry {
  revision: bigint;
  value: Uint8Array;
}

/** Gives one object over and over, with other contents each time. `inPlace`: its byte array is the same each time as well. */
function* reused<T>(wrap: (entry: Entry) => T, size: number, inPlace: boolean): Generator<T> {
  const entry: Entry = { revision: 0n, value: Buffer.alloc(size) };
  const message = wrap(entry);
  for (let given = 1; given <= COUNT; given += 1) {
    entry.revision = BigInt(given);
    if (inPlace) entry.value.fill(given);
    else entry.value = Buffer.alloc(size, given);
    yield message;
  }
}

const SOURCES = {
  'an Observable': <T>(messages: Generator<T>) =>
    new Observable<T>((subscriber) => {
      for (const message of messages) subscriber.next(message);
      subscriber.complete();
    }),
  'an async generator': async function* <T>(messages: Generator<T>) {
    yield* messages;
  },
  'a Readable': <T>(messages: Generator<T>): AsyncIterable<T> =>
    new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        // A turn later, for a Readable reads ahead: it would change the message that it is about to hand out.
        setImmediate(() => this.push(messages.next().value ?? null));
      },
    }),
};

const passing: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, { sendMessage: (message, next) => next(message) });

const delaying: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, { sendMessage: (message, next) => void setImmediate(() => next(message)) });

const SERVERS: readonly { readonly how: string; readonly options: GrpcServerOptions; readonly inPlace: boolean }[] = [
  { how: 'without interceptors', options: {}, inPlace: true },
  { how: 'with an interceptor', options: { interceptors: [passing] }, inPlace: true },
  // What an interceptor keeps has the byte arrays of the handler.
  { how: 'with a slow interceptor', options: { interceptors: [delaying] }, inPlace: false },
];

/** The responses of a caller that does not read before everything has been sent that fits. */
async function received(path: string, method: string): Promise<Uint8Array[]> {
  using call = new RawCall(path, `/kv.v1.KV/${method}`);
  call.stream.end(framed(new Uint8Array()));
  await within(10_000, 'the headers', once(call.stream, 'response'));
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const decoder = new MessageDecoder();
  const messages: Uint8Array[] = [];
  for await (const chunk of call.stream) {
    decoder.push(chunk as Buffer);
    while (decoder.next()) messages.push(decoder.bytes.subarray(decoder.start, decoder.end));
  }
  return messages;
}

function describe({ revision, value = new Uint8Array() }: Pick<Change, 'revision' | 'value'>): string {
  const same = value.every((byte) => byte === value[0]);
  return `${revision}: ${value.length} bytes of ${same ? value[0] : 'several kinds'}`;
}

function entryOf({ outcome }: SyncResponse): Entry {
  return outcome?.$case === 'get' ? outcome.get : assert.fail(outcome?.$case);
}

for (const { how, options, inPlace } of SERVERS) {
  for (const [what, source] of Object.entries(SOURCES)) {
    test(`${what} that emits one object repeatedly, changed in between, ${how}`, async () => {
      for (const size of [20, 100_000, 1_500_000]) {
        const watch: KV['watch'] = () => source(reused((entry) => entry, size, inPlace));
        const wrap = (get: Entry) => ({ outcome: { $case: 'get', get } }) as const;
        const sync: KV['sync'] = () => source(reused(wrap, size, inPlace));
        const expected = Array.from({ length: COUNT }, (_, index) => `${index + 1}: ${size} bytes of ${index + 1}`);
        await using peer = await serveKv({ watch, sync }, options);
        const changes = (await received(peer.path, 'Watch')).map((bytes) => Change.decode(bytes));
        assert.deepEqual(changes.map(describe), expected);
        const entries = (await received(peer.path, 'Sync')).map((bytes) => entryOf(SyncResponse.decode(bytes)));
        assert.deepEqual(entries.map(describe), expected);
      }
    });
  }
}
