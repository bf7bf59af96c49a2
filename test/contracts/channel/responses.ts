import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { status as Status } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { frameMessage } from '../../../src/protocols/grpc/message/framing.js';
import { Payload } from '../../conformance/gen/probe.js';
import type { ProbeRig } from '../../support/probe-rig.js';
import { rejection } from '../../support/rejection.js';
import type { ChannelBench, ChannelTests } from './tests.js';

const { version: GRPC_JS_VERSION }: { version: string } = createRequire(import.meta.url)('@grpc/grpc-js/package.json');

type Answer = (stream: ServerHttp2Stream) => void;

/** A client whose peer is node's own HTTP/2 server, answering every request in the given way. */
function answering({ open }: ChannelBench, answer: Answer): ProbeRig {
  const server = createServer();
  server.on('sessionError', () => {});
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    answer(stream);
  });
  return open({ accept: (far: Duplex) => server.emit('connection', far) });
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc+proto' };
const message = frameMessage(Payload.encode(Payload.fromPartial({ number: 1 })).finish());

/** Headers, body, trailers. */
function whole(body: Uint8Array, trailers: Record<string, string>, headers: object = GRPC): Answer {
  return (stream) => {
    stream.respond({ ...headers }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };
}

function alone(headers: object): Answer {
  return (stream) => stream.respond({ ...headers }, { endStream: true });
}

const bad = Buffer.from(message);
bad[0] = 7;
const OK = { 'grpc-status': '0' };
const zipped = Buffer.concat([
  Uint8Array.of(1, 0, 0, 0, gzipSync(message.subarray(5)).length),
  gzipSync(message.subarray(5)),
]);

const PARTIAL = 'it drops what is no whole message, and goes by the status';
const failures: readonly (readonly [what: string, answer: Answer, code: number, detail: RegExp, notStock?: string])[] =
  [
    ['a status alone', alone({ ...GRPC, 'grpc-status': '5', 'grpc-message': 'n%C3%B6' }), Status.NOT_FOUND, /^nö$/],
    ['HTTP 503', alone({ ':status': 503 }), Status.UNAVAILABLE, /HTTP status (code )?503/],
    ['HTTP 404 with a body', whole(Buffer.from('<html>'), {}, { ':status': 404 }), Status.UNIMPLEMENTED, /404/],
    [
      'HTML',
      whole(Buffer.from('<html>'), {}, { ':status': 200, 'content-type': 'text/html' }),
      Status.UNKNOWN,
      /text\/html/,
      'it does not look at the content-type, and reads a message',
    ],
    [
      'trailers without status',
      whole(message, { other: 'x' }),
      Status.UNKNOWN,
      /without a grpc-status|HTTP status code 200/,
    ],
    ['a status that is no number', whole(message, { 'grpc-status': 'OK' }), Status.UNKNOWN, /grpc-status "(OK|NaN)"/],
    ['no response at all', whole(Buffer.alloc(0), OK), Status.UNIMPLEMENTED, /no response/],
    ['two responses', whole(Buffer.concat([message, message]), OK), Status.UNIMPLEMENTED, /more than one/],
    ['half a message', whole(message.subarray(0, -1), OK), Status.INTERNAL, /within a message/, PARTIAL],
    ['half a prefix', whole(message.subarray(0, 3), OK), Status.INTERNAL, /within a message/, PARTIAL],
    [
      'half a message and a failure',
      whole(message.subarray(0, -1), { 'grpc-status': '8' }),
      Status.RESOURCE_EXHAUSTED,
      /^$/,
    ],
    ['unknown message flags', whole(bad, OK), Status.INTERNAL, /flags 7/, 'it takes any flags but 1 for none'],
    ['a message that is not protobuf', whole(frameMessage(Buffer.from([0xff])), OK), Status.INTERNAL, /decoded/],
    ['compression without its name', whole(zipped, OK), Status.INTERNAL, /grpc-encoding/],
    [
      'unknown compression',
      whole(zipped, OK, { ...GRPC, 'grpc-encoding': 'br' }),
      Status.INTERNAL,
      /"br"|no grpc-encoding that/,
    ],
    ['a message of 4 GiB', whole(Uint8Array.of(0, 255, 255, 255, 255), OK), Status.RESOURCE_EXHAUSTED, /4294967295/],
  ];

const noStatus: Answer = (stream) => {
  stream.respond({ ...GRPC });
  stream.end(message);
};

const resets: readonly (readonly [code: number, status: number])[] = [
  [0, Status.INTERNAL],
  [1, Status.INTERNAL],
  [7, Status.UNAVAILABLE],
  [8, Status.CANCELLED],
  [11, Status.RESOURCE_EXHAUSTED],
];

/** What a channel makes of what a peer may send. The peer is the HTTP/2 server of node. */
export function responses({ engine, on, each }: ChannelTests): void {
  for (const [what, answer, code, detail, notStock] of failures) {
    const body = async (bench: ChannelBench) => {
      await using rig = answering(bench, answer);
      const error = await rejection(firstValueFrom(rig.client.echo({})));
      assert.equal(error.statusName, Status[code]);
      assert.match(error.detail, detail);
    };
    on(`${what} is ${Status[code]}`, body, notStock);
  }

  on('an answer that ends without trailers is INTERNAL', async (bench) => {
    await using rig = answering(bench, noStatus);
    assert.equal((await rejection(firstValueFrom(rig.client.echo({})))).status, Status.INTERNAL);
  });

  for (const [code, status] of resets) {
    on(`RST_STREAM ${code} is ${Status[status]}, before the answer and within it`, async (bench) => {
      await using early = answering(bench, (stream) => stream.close(code));
      assert.equal((await rejection(firstValueFrom(early.client.echo({})))).statusName, Status[status]);
      await using late = answering(bench, (stream) => {
        stream.respond({ ...GRPC });
        stream.write(message);
        stream.close(code);
      });
      const error = await rejection(lastValueFrom(late.client.produce({}).pipe(toArray())));
      assert.equal(error.statusName, Status[status], error.detail);
    });
  }

  on('gzip messages are read', async (bench) => {
    await using rig = answering(bench, whole(zipped, OK, { ...GRPC, 'grpc-encoding': 'gzip' }));
    assert.equal((await firstValueFrom(rig.client.echo({}))).number, 1);
  });

  on('messages that grpc-js’s server compressed are read', async ({ open }) => {
    await using rig = open({
      serverOptions: { 'grpc.default_compression_algorithm': 2, 'grpc.default_compression_level': 2 },
    });
    const data = Buffer.alloc(100_000, 'abc');
    assert.ok(data.equals((await firstValueFrom(rig.client.echo({ data }))).data));
  });

  each('a message over the limit is refused, when it is received and when it is sent', async ({ open }) => {
    await using rig = open({ channel: { maxReceiveMessageBytes: 1000, maxSendMessageBytes: 2000 } });
    const received = await rejection(firstValueFrom(rig.client.echo({ data: Buffer.alloc(1500) })));
    assert.equal(received.status, Status.RESOURCE_EXHAUSTED);
    assert.match(received.detail, /limit of 1000 bytes|max \(1503 vs 1000\)/);
    const sent = await rejection(firstValueFrom(rig.client.echo({ data: Buffer.alloc(2500) })));
    assert.equal(sent.status, Status.RESOURCE_EXHAUSTED);
    assert.match(sent.detail, /limit of 2000 bytes|larger than 2000/);
    const streamed = await rejection(firstValueFrom(rig.client.consume([{}, { data: Buffer.alloc(2500) }])));
    assert.equal(streamed.status, Status.RESOURCE_EXHAUSTED);
    await firstValueFrom(rig.client.echo({ data: Buffer.alloc(500) }));
  });

  on('a server that answers before the last request ends the call, and unsubscribes the requests', async (bench) => {
    await using rig = answering(bench, whole(message, OK));
    let sent = 0;
    async function* endless() {
      for (;;) yield { number: sent++ };
    }
    assert.equal((await lastValueFrom(rig.client.exchange(endless()).pipe(toArray()))).length, 1);
    const then = sent;
    await firstValueFrom(rig.client.echo({}));
    assert.equal(sent, then);
  });

  on('the request has the headers of gRPC', async ({ open }) => {
    let seen: Record<string, unknown> = {};
    const server = createServer();
    server.on('stream', (stream, headers) => {
      seen = Object.fromEntries(Object.entries(headers));
      whole(message, OK)(stream);
    });
    const accept = (far: Duplex) => server.emit('connection', far);
    await using rig = open({ accept, channel: { authority: 'plugin', secure: true, userAgent: 'mine/1' } });
    await firstValueFrom(rig.client.echo({}, { timeoutMs: 60_000 }));
    const { 'grpc-timeout': timeout, ...rest } = seen;
    const stock = engine === 'grpc-js';
    assert.match(String(timeout), /^(59\d{3}|60000)m$/);
    assert.deepEqual(rest, {
      ':method': 'POST',
      ':scheme': 'https',
      ':path': '/rxplug.conformance.Probe/Echo',
      ':authority': 'plugin',
      te: 'trailers',
      'content-type': 'application/grpc',
      ...(stock
        ? { 'user-agent': `mine/1 grpc-node-js/${GRPC_JS_VERSION}`, 'accept-encoding': 'identity' }
        : { 'user-agent': 'mine/1 grpc-node-rxplug' }),
      'grpc-accept-encoding': 'identity,deflate,gzip',
    });
  });
}
