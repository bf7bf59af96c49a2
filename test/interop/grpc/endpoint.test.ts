import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { filter, firstValueFrom, from, lastValueFrom, map, NEVER, Subject, toArray } from 'rxjs';
import { serveEndpoint } from '../../../src/endpoint.js';
import { selfSignedAuthority } from '../../../src/grpc.js';
import { createClient, createLogger, grpcPlugin, implement, type TlsConfig } from '../../../src/index.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { within } from '../../support/defer.js';
import { TestServiceDefinition } from './gen/grpc/testing/test.js';
import { testService } from './test-service.js';

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(60_000, what, promise);
/** No connection of a test lives so long. */
const AGE = '600000';
const plugins = { test: grpcPlugin(TestServiceDefinition) };

interface Identities {
  /** With the files of the Go end. */
  readonly directory: string;
  /** Of our end. */
  readonly tls: TlsConfig;
}

async function identities(t: TestContext): Promise<Identities> {
  const directory = mkdtempSync(join(tmpdir(), 'i'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [ours, theirs] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  writeFileSync(join(directory, 'tls.crt'), theirs.certificatePem);
  writeFileSync(join(directory, 'tls.key'), theirs.keyPem);
  writeFileSync(join(directory, 'ca.crt'), ours.certificatePem);
  return { directory, tls: { ca: theirs.certificatePem, cert: ours.certificatePem, key: ours.keyPem } };
}

/** The Go program, by what it prints. */
class GoEnd {
  readonly lines: string[] = [];
  readonly exited: Promise<unknown>;
  readonly #child;
  readonly #line$ = new Subject<string>();

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    createInterface(this.#child.stdout).on('line', (line) => {
      this.lines.push(line);
      this.#line$.next(line);
    });
    this.exited = once(this.#child, 'close');
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** A line that begins so, printed by now or later. */
  async printed(begin: string): Promise<string> {
    const isIt = (line: string): boolean => line.startsWith(begin);
    const printed = this.lines.find(isIt);
    return printed ?? bounded(`"${begin}"`, firstValueFrom(this.#line$.pipe(filter(isIt))));
  }

  /** Resolves when it has printed a line so often in all. */
  async count(line: string, times: number): Promise<void> {
    const counted = (): number => this.lines.filter((printed) => printed === line).length;
    if (counted() < times)
      await bounded(`${times} times "${line}"`, firstValueFrom(this.#line$.pipe(filter(() => counted() >= times))));
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await bounded('the exit of the Go program', this.exited);
  }
}

async function goEnd(t: TestContext, ...args: readonly string[]): Promise<GoEnd> {
  const end = new GoEnd(join(await buildGo('test/interop/grpc/go', ['endpoint']), 'endpoint'), args);
  t.after(() => end.end());
  return end;
}

describe('endpoints and grpc-go under mutual TLS', { concurrency: true }, () => {
  test('a client of grpc-go calls our endpoint, pings it, and learns of its end', needsGo(), async (t) => {
    const { directory, tls } = await identities(t);
    const logger = createLogger({ write: () => {} });
    const served = { test: implement(plugins.test, testService) };
    await using serving = await serveEndpoint({ address: 'localhost:0', tls, plugins: served, logger });
    const client = await goEnd(t, 'call', serving.address, directory);
    await client.printed('ok calls');
    assert.equal(await client.printed('ok silence'), 'ok silence READY');
    await client.printed('health SERVING');
    const closed = serving.close();
    await client.printed('health NOT_SERVING');
    await Promise.all([closed, bounded('the exit of the client', client.exited)]);
    const end = client.lines.slice(client.lines.indexOf('health NOT_SERVING') + 1);
    assert.ok(end.includes('stream Unavailable The server has ended'), end.join('\n'));
    assert.deepEqual(
      end.filter((line) => line.startsWith('call ')),
      Array(8).fill('call Unavailable'),
    );
  });

  test('our client calls a server of grpc-go, and learns of its states and of its start anew', needsGo(), async (t) => {
    const { directory, tls } = await identities(t);
    const first = await goEnd(t, 'serve', 'localhost:0', directory, '300000', AGE);
    const address = (await first.printed('listening')).replace('listening 127.0.0.1', 'localhost');
    await using client = createClient({ endpoint: { address, tls }, plugins });
    await client.start();
    await client.ping();
    const until = (condition: string, isIt: boolean) => {
      const state$ = client.state$.pipe(filter((state) => state.status === 'running' && condition in state === isIt));
      return bounded(condition, firstValueFrom(state$));
    };
    const service = await client.dispense('test');
    const answer = await firstValueFrom(service.unaryCall({ responseSize: 300_000 }));
    assert.equal(answer.payload?.body.length, 300_000);
    const sizes = [31_415, 9, 2653, 58_979];
    const outputs$ = service.fullDuplexCall(from(sizes).pipe(map((size) => ({ responseParameters: [{ size }] }))));
    const outputs = await lastValueFrom(outputs$.pipe(toArray()));
    assert.deepEqual(
      outputs.map(({ payload }) => payload?.body.length),
      sizes,
    );
    first.tell('NOT_SERVING');
    await until('notServing', true);
    first.tell('SERVING');
    await until('notServing', false);
    first.tell('stop');
    await bounded('the end of the server', first.exited);
    await until('reconnecting', true);
    const second = await goEnd(t, 'serve', address, directory, '300000', AGE);
    await until('reconnecting', false);
    assert.equal((await firstValueFrom(service.unaryCall({ responseSize: 3 }))).payload?.body.length, 3);
    await second.count('connection', 1);
  });

  test('our PING comes no more often than a server of grpc-go allows with the same interval', needsGo(), async (t) => {
    const { directory, tls } = await identities(t);
    const everyMs = 200;
    const server = await goEnd(t, 'serve', 'localhost:0', directory, `${everyMs}`, AGE);
    const address = (await server.printed('listening')).replace('listening 127.0.0.1', 'localhost');
    await using client = createClient({
      endpoint: { address, tls },
      plugins,
      grpc: { http2: { keepAliveMs: everyMs } },
    });
    await client.start();
    const service = await client.dispense('test');
    const silent = lastValueFrom(service.fullDuplexCall(NEVER)).catch((error: unknown) => error);
    const pings = 10;
    // Three PINGs that come too early end the connection.
    await server.count('received', server.lines.filter((line) => line === 'received').length + pings);
    assert.equal((await firstValueFrom(service.unaryCall({ responseSize: 3 }))).payload?.body.length, 3);
    assert.deepEqual(
      server.lines.filter((line) => line === 'connection'),
      ['connection'],
    );
    await client.stop();
    await silent;
  });

  test(
    'each GOAWAY of a server of grpc-go gets another connection and TLS anew, and no call is lost',
    needsGo(),
    async (t) => {
      const { directory, tls } = await identities(t);
      const server = await goEnd(t, 'serve', 'localhost:0', directory, '300000', '200');
      const address = (await server.printed('listening')).replace('listening 127.0.0.1', 'localhost');
      let asked = 0;
      const newest = (): TlsConfig => {
        asked += 1;
        return { ...tls };
      };
      await using client = createClient({ endpoint: { address, tls: newest }, plugins });
      await client.start();
      const service = await client.dispense('test');
      const ended = new AbortController();
      const lane = async (): Promise<void> => {
        while (!ended.signal.aborted) await firstValueFrom(service.unaryCall({ responseSize: 100_000 }));
      };
      const lanes = Promise.all(Array.from({ length: 8 }, lane));
      await Promise.race([server.count('connection', 6), lanes]);
      ended.abort();
      await bounded('the last calls', lanes);
      assert.ok(asked >= 6, `${asked}`);
    },
  );
});
