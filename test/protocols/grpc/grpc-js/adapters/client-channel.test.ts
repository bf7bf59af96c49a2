import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  CallCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  connectivityState,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  makeGenericClientConstructor,
  type requestCallback,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  status as Status,
} from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { createGrpcJsChannel } from '../../../../../src/protocols/grpc/grpc-js/adapters/client-channel.js';
import { type Digest, type Payload, ProbeDefinition } from '../../../../conformance/gen/probe.js';
import { defer } from '../../../../support/defer.js';
import { test } from '../../../../support/engines.js';
import { grpcJsService } from '../../../../support/grpc-js-probe.js';
import { memoryRig, type ProbeRig } from '../../../../support/probe-rig.js';

type Unary<Req, Res> = (
  request: Partial<Req>,
  metadata: Metadata,
  options: object,
  callback: requestCallback<Res>,
) => ReturnType<Client['makeUnaryRequest']>;

/** What makeGenericClientConstructor adds to a client, with the types that generated code would give. */
interface Methods {
  readonly echo: Unary<Payload, Payload>;
  readonly fail: Unary<{ code: number; message: string; trailers: Record<string, string> }, Payload>;
  readonly hang: Unary<{ token: string }, Payload>;
  readonly produce: (request: { count: number; size: number }, options?: object) => ClientReadableStream<Payload>;
  readonly consume: (callback: requestCallback<Digest>) => ClientWritableStream<Partial<Payload>>;
  readonly exchange: (options?: object) => ClientDuplexStream<Partial<Payload>, Payload>;
}

const service = grpcJsService(ProbeDefinition);
const ProbeClient = makeGenericClientConstructor(service, 'Probe');

function clientOn(rig: ProbeRig, options = {}): Client & Methods {
  const channelOverride = createGrpcJsChannel(rig.channel);
  const client = new ProbeClient('nowhere', credentials.createInsecure(), { channelOverride, ...options });
  // The constructor puts the service's methods onto the prototype; its type says only that there are some.
  return client as unknown as Client & Methods;
}

function unary<Res>(make: (callback: requestCallback<Res>) => unknown): Promise<Res> {
  return new Promise((resolve, reject) => {
    make((error, response) => (error === null ? resolve(response as Res) : reject(error)));
  });
}

const none = new Metadata();

test('a grpc-js client makes unary calls through channelOverride', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  const answer = await unary<Payload>((done) => client.echo({ number: 3, data: Buffer.alloc(9e6) }, none, {}, done));
  assert.equal(answer.number, 3);
  assert.equal(answer.data.length, 9e6);
});

test('a grpc-js client gets headers, status, trailers and errors', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  const metadata = new Metadata();
  metadata.set('echo-x-bin', Buffer.from('b'));
  const answered = defer();
  const call = client.echo({}, metadata, {}, () => answered.resolve());
  const [[headers], [status]] = await Promise.all([once(call, 'metadata'), once(call, 'status'), answered.promise]);
  assert.deepEqual(headers.get('echo-x-bin'), [Buffer.from('b')]);
  assert.equal(status.code, Status.OK);
  assert.deepEqual(status.metadata.get('trail-x-bin'), [Buffer.from('b')]);
  const request = { code: 5, message: 'none ✗', trailers: { k: 'v' } };
  const error = await failureOf(unary((done) => client.fail(request, none, {}, done)));
  assert.equal(error.code, Status.NOT_FOUND);
  assert.equal(error.details, 'none ✗');
  assert.deepEqual(error.metadata.get('k'), ['v']);
});

test('a grpc-js client streams in every direction', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  const produced = await client.produce({ count: 500, size: 2000 }).toArray();
  assert.equal(produced.length, 500);
  const digest = await unary<Digest>((done) => {
    const stream = client.consume(done);
    for (let index = 0; index < 20_000; index++) stream.write({ data: Buffer.alloc(100) });
    stream.end();
  });
  assert.equal(digest.bytes, 2_000_000n);
  const talk = client.exchange();
  for (let number = 1; number <= 20; number++) {
    talk.write({ number });
    const [answer] = await once(talk, 'data');
    assert.equal(answer.number, number);
  }
  talk.end();
  await once(talk, 'end');
});

test('a slow grpc-js reader slows the server', async () => {
  await using rig = memoryRig({ channel: { http2: { streamWindowBytes: 64 * 1024 } } });
  const stream = clientOn(rig).produce({ count: 0, size: 1024 });
  const failed = new Promise((resolve) => stream.once('error', resolve));
  await once(stream, 'readable');
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 100; round++) await firstValueFrom(rig.client.echo({}));
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
  stream.cancel();
  await failed;
});

test('deadline and cancel of a grpc-js client reach the server', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  // Once there is a connection, a call is at the server long before its deadline.
  await unary((done) => client.echo({}, none, {}, done));
  const deadline = Date.now() + 500;
  const late = await failureOf(unary((done) => client.hang({ token: 'd' }, none, { deadline }, done)));
  assert.equal(late.code, Status.DEADLINE_EXCEEDED);
  await firstValueFrom(rig.client.observe({ token: 'd', ended: true }));
  const failed = defer<ServiceError | null>();
  const call = client.hang({ token: 'c' }, none, {}, failed.resolve);
  await firstValueFrom(rig.client.observe({ token: 'c' }));
  call.cancel();
  assert.equal((await failed.promise)?.code, Status.CANCELLED);
  await firstValueFrom(rig.client.observe({ token: 'c', ended: true }));
});

test('interceptors of a grpc-js client run', async () => {
  const stamp: Interceptor = (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, proceed) {
        metadata.set('echo-stamp', 'yes');
        proceed(metadata, listener);
      },
    });
  await using rig = memoryRig();
  const client = clientOn(rig, { interceptors: [stamp] });
  const call = client.echo({}, new Metadata(), {}, () => {});
  const [headers] = await once(call, 'metadata');
  assert.deepEqual(headers.get('echo-stamp'), ['yes']);
});

test('waitForReady of the client and of a call wait for the connection', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  assert.equal(client.getChannel().getConnectivityState(false), connectivityState.IDLE);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 60_000, (error) => (error === undefined ? resolve() : reject(error)));
  });
  assert.equal(client.getChannel().getConnectivityState(false), connectivityState.READY);
});

test('watching the connectivity state ends with the change or with the deadline', async () => {
  await using rig = memoryRig();
  const channel = createGrpcJsChannel(rig.channel);
  const watch = (state: connectivityState, deadline: number) =>
    new Promise<Error | undefined>((resolve) => channel.watchConnectivityState(state, deadline, resolve));
  assert.match(String(await watch(connectivityState.IDLE, Date.now() + 10)), /deadline/);
  assert.equal(await watch(connectivityState.READY, Date.now() + 60_000), undefined);
  const changed = watch(connectivityState.IDLE, Number.POSITIVE_INFINITY);
  channel.getConnectivityState(true);
  assert.equal(await changed, undefined);
});

test('closing a grpc-js client leaves the channel to its owner', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  await unary((done) => client.echo({}, none, {}, done));
  client.close();
  assert.throws(() => client.echo({}, none, {}, () => {}), { code: 'ERR_CLOSED' });
  assert.equal(rig.channel.state.status, 'ready');
});

test('call credentials become metadata, and their failure fails the call', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  const token = CallCredentials.createFromMetadataGenerator(({ service_url: url }, done) => {
    const metadata = new Metadata();
    metadata.set('echo-for', url);
    done(null, metadata);
  });
  const call = client.echo({}, new Metadata(), { credentials: token }, () => {});
  const [headers] = await once(call, 'metadata');
  assert.deepEqual(headers.get('echo-for'), ['https://localhost/rxplug.conformance.Probe']);
  const broken = CallCredentials.createFromMetadataGenerator((_params, done) => done(new Error('no token')));
  const error = await failureOf(unary((done) => client.echo({}, new Metadata(), { credentials: broken }, done)));
  assert.match(error.details, /no token/);
});

test('a call made while answering another one inherits its deadline and cancellation', async () => {
  await using rig = memoryRig();
  const client = clientOn(rig);
  const inner = defer<ServiceError | null>();
  const proxy = new Server();
  proxy.addService(service, {
    hang(parent: ServerUnaryCall<{ token: string }, Payload>) {
      client.hang(parent.request, new Metadata(), { parent }, inner.resolve);
    },
  });
  const injector = proxy.createConnectionInjector(ServerCredentials.createInsecure());
  await using front = memoryRig({ accept: (far) => injector.injectConnection(far) });
  const subscription = front.client.hang({ token: 'parent' }, { timeoutMs: 60_000 }).subscribe();
  await firstValueFrom(rig.client.observe({ token: 'parent' }));
  subscription.unsubscribe();
  assert.equal((await inner.promise)?.code, Status.CANCELLED);
  await firstValueFrom(rig.client.observe({ token: 'parent', ended: true }));
  proxy.forceShutdown();
});

async function failureOf(promise: Promise<unknown>): Promise<ServiceError> {
  return await promise.then(
    () => assert.fail('the call succeeded'),
    (error: ServiceError) => error,
  );
}
