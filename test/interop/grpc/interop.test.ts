import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Metadata, status } from '@grpc/grpc-js';
import { count, firstValueFrom, from, lastValueFrom, map, NEVER, Subject, toArray } from 'rxjs';
import { createGrpcClient } from '../../../src/protocols/grpc/client/client.js';
import { GrpcError } from '../../../src/protocols/grpc/shared/errors.js';
import type { GrpcEngine } from '../../../src/protocols/grpc/shared/grpc-engine.js';
import type { ClientOf } from '../../../src/protocols/grpc/shared/service-definition.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { netDialer } from '../../support/dialers.js';
import { ENDPOINTS, ENGINES } from '../../support/engines.js';
import { TestServiceDefinition, UnimplementedServiceDefinition } from './gen/grpc/testing/test.js';
import { testService } from './test-service.js';

const LIMIT_MS = 120_000;
const CASES = 14;

async function interop(): Promise<string> {
  return join(await buildGo('test/interop/grpc/go', ['interop']), 'interop');
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'i'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Our test server on a unix socket, for the length of a test. */
async function ourServer(t: TestContext, engine: GrpcEngine): Promise<string> {
  const path = join(directoryOf(t), 's');
  const server = ENDPOINTS[engine].createServer();
  server.addService(TestServiceDefinition, testService);
  const listener = createServer((socket: Socket) => server.inject(socket)).listen(path);
  await once(listener, 'listening');
  t.after(async () => {
    await server.close();
    listener.close();
  });
  return path;
}

for (const engine of ENGINES) {
  test(`grpc-go's interop client finds no fault with our server [${engine}]`, needsGo(), async (t) => {
    const program = await interop();
    const path = await ourServer(t, engine);
    const { stdout } = await promisify(execFile)(program, ['call', path], { timeout: LIMIT_MS });
    assert.equal(stdout.split('\n').filter((line) => line.startsWith('ok ')).length, CASES);
  });
}

interface Peer {
  readonly client: ClientOf<typeof TestServiceDefinition>;
  readonly stranger: ClientOf<typeof UnimplementedServiceDefinition>;
}

async function goServer(t: TestContext): Promise<string> {
  const program = await interop();
  const path = join(directoryOf(t), 's');
  const child = spawn(program, ['serve', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.stdin.end();
    await exited;
  });
  await once(child.stdout, 'data');
  return path;
}

function clientsOf(t: TestContext, path: string, engine: GrpcEngine): Peer {
  const channel = ENDPOINTS[engine].createChannel({ dialer: netDialer(path) });
  t.after(() => channel.close());
  return {
    client: createGrpcClient(channel, TestServiceDefinition),
    stranger: createGrpcClient(channel, UnimplementedServiceDefinition),
  };
}

const payload = (size: number) => ({ type: 0, body: Buffer.alloc(size) });
const SIZES_UP = [27_182, 8, 1828, 45_904];
const SIZES_DOWN = [31_415, 9, 2653, 58_979];

async function failureOf(promise: Promise<unknown>): Promise<GrpcError> {
  const error: unknown = await promise.then(
    () => assert.fail('the call did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(GrpcError.is(error), String(error));
  return error;
}

/** The cases of grpc's interop-test-descriptions, from our client. */
const cases: Record<string, (peer: Peer) => Promise<void>> = {
  async empty_unary({ client }) {
    assert.deepEqual({ ...(await firstValueFrom(client.emptyCall({}))) }, {});
  },
  async large_unary({ client }) {
    const request = { responseSize: 314_159, payload: payload(271_828) };
    const response = await firstValueFrom(client.unaryCall(request));
    assert.equal(response.payload?.body.length, 314_159);
  },
  async client_streaming({ client }) {
    const requests = SIZES_UP.map((size) => ({ payload: payload(size) }));
    const response = await firstValueFrom(client.streamingInputCall(from(requests)));
    assert.equal(response.aggregatedPayloadSize, 74_922);
  },
  async server_streaming({ client }) {
    const responseParameters = SIZES_DOWN.map((size) => ({ size }));
    const sizes$ = client.streamingOutputCall({ responseParameters }).pipe(map((one) => one.payload?.body.length));
    assert.deepEqual(await lastValueFrom(sizes$.pipe(toArray())), SIZES_DOWN);
  },
  async ping_pong({ client }) {
    const request$ = new Subject<object>();
    const sizes: (number | undefined)[] = [];
    const ask = (round: number) => {
      if (round === SIZES_DOWN.length) return request$.complete();
      request$.next({ responseParameters: [{ size: SIZES_DOWN[round]! }], payload: payload(SIZES_UP[round]!) });
    };
    await new Promise<void>((resolve, reject) => {
      client.fullDuplexCall(request$).subscribe({
        next: (response) => ask(sizes.push(response.payload?.body.length)),
        error: reject,
        complete: resolve,
      });
      ask(0);
    });
    assert.deepEqual(sizes, SIZES_DOWN);
  },
  async empty_stream({ client }) {
    assert.equal(await lastValueFrom(client.fullDuplexCall([]).pipe(count())), 0);
  },
  async timeout_on_sleeping_server({ client }) {
    const call = lastValueFrom(client.fullDuplexCall(NEVER, { timeoutMs: 1 }));
    assert.equal((await failureOf(call)).status, status.DEADLINE_EXCEEDED);
  },
  async cancel_after_begin({ client }) {
    const controller = new AbortController();
    const call = firstValueFrom(client.streamingInputCall(NEVER, { signal: controller.signal }));
    setImmediate(() => controller.abort());
    assert.equal((await failureOf(call)).status, status.CANCELLED);
  },
  async cancel_after_first_response({ client }) {
    const request$ = new Subject<object>();
    const controller = new AbortController();
    const call = new Promise<void>((resolve, reject) => {
      client.fullDuplexCall(request$, { signal: controller.signal }).subscribe({
        next: () => controller.abort(),
        error: reject,
        complete: resolve,
      });
    });
    request$.next({ responseParameters: [{ size: 31_415 }], payload: payload(27_182) });
    assert.equal((await failureOf(call)).status, status.CANCELLED);
  },
  async custom_metadata({ client }) {
    const metadata = new Metadata();
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from([0xab, 0xab, 0xab]));
    const seen: Metadata[] = [];
    const keep = (received: Metadata) => void seen.push(received);
    const options = { metadata, onHeaders: keep, onTrailers: keep };
    await firstValueFrom(client.unaryCall({ responseSize: 1, payload: payload(1) }, options));
    const request = { responseParameters: [{ size: 1 }], payload: payload(1) };
    await lastValueFrom(client.fullDuplexCall([request], options));
    assert.equal(seen.length, 4);
    for (const [index, received] of seen.entries()) {
      const [name, value] = index % 2 === 0 ? [INITIAL, INITIAL_VALUE] : [TRAILING, Buffer.from([0xab, 0xab, 0xab])];
      assert.deepEqual(received.get(name), [value]);
    }
  },
  async status_code_and_message({ client }) {
    const responseStatus = { code: 2, message: 'test status message' };
    for (const call of [
      () => firstValueFrom(client.unaryCall({ responseStatus })),
      () => lastValueFrom(client.fullDuplexCall([{ responseStatus }])),
    ]) {
      const failure = await failureOf(call());
      assert.deepEqual([failure.status, failure.detail], [2, 'test status message']);
    }
  },
  async special_status_message({ client }) {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    const failure = await failureOf(firstValueFrom(client.unaryCall({ responseStatus: { code: 2, message } })));
    assert.deepEqual([failure.status, failure.detail], [2, message]);
  },
  async unimplemented_service({ stranger }) {
    assert.equal((await failureOf(firstValueFrom(stranger.unimplementedCall({})))).status, status.UNIMPLEMENTED);
  },
};

const INITIAL = 'x-grpc-test-echo-initial';
const INITIAL_VALUE = 'test_initial_metadata_value';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

for (const engine of ENGINES) {
  test(`our client [${engine}] passes the interop cases against grpc-go’s server`, needsGo(), async (t) => {
    const peer = clientsOf(t, await goServer(t), engine);
    for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(peer));
  });

  for (const serverEngine of ENGINES) {
    test(`our client [${engine}] passes the interop cases against our own server [${serverEngine}]`, async (t) => {
      const peer = clientsOf(t, await ourServer(t, serverEngine), engine);
      for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(peer));
    });
  }
}
