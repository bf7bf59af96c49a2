import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HeaderList, Http2Stream, Http2StreamEvents } from '../../../src/transports/http2/interfaces.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { appServer } from './app-server.js';

const run = promisify(execFile);
const LIMIT_MS = 240_000;
const client = fileURLToPath(new URL('./h2spec-client.js', import.meta.url));

/** The least that h2spec wants of a server: every request is answered once it is complete. */
function hello(stream: Http2Stream, _headers: HeaderList, endStream: boolean): Http2StreamEvents {
  const answer = () => {
    stream.sendHeaders([':status', '200', 'content-type', 'text/plain']);
    stream.write(Buffer.from('hello'), true);
  };
  if (endStream) answer();
  return {
    onHeaders: () => {},
    onData: (chunk) => stream.consume(chunk.length),
    onTrailers: () => {},
    onEnd: answer,
    onReset: () => {},
    onDrain: () => {},
  };
}

async function h2spec(...args: string[]): Promise<string> {
  const programs = await buildGo('test/interop/http2/go', ['h2spec']);
  // Each client case has a Node process of its own: what makes its start slow is left out.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
  const { stdout } = await run(join(programs, 'h2spec'), args, { timeout: LIMIT_MS, maxBuffer: 1 << 24, env });
  return stdout;
}

/** All passed but these, none was skipped, and there were as many as this version of h2spec has. */
function expectAll(output: string, count: number, except: readonly string[] = []): void {
  const failures = new Set([...output.matchAll(/× \d+: (.*)/g)].map(([, name]) => name));
  assert.deepEqual([...failures], except);
  const { length } = except;
  assert.ok(
    output.includes(`${count} tests, ${count - length} passed, 0 skipped, ${length} failed`),
    output.slice(-500),
  );
}

/**
 * RFC 7540 §5.1 wanted the connection to end when a frame comes after END_STREAM. RFC 9113 allows it, and grpc-go and grpc-js do not do
 * it: servers of gRPC for C++ repeat trailers. Our client ends nothing and answers STREAM_CLOSED.
 */
const AFTER_END_STREAM = ['closed: Sends a DATA frame', 'closed: Sends a HEADERS frame'];

test('h2spec finds no fault with the server: generic, http2 and hpack, strict', needsGo(), async (t) => {
  // h2spec takes HTTP/2's first limit of a frame for the server's, whatever that announces, and sends HEADERS of 20 000 bytes beyond it.
  const { port } = await appServer(t, 'tcp', hello, { maxConcurrentStreams: 100, maxFrameBytes: 16_384 });
  expectAll(await h2spec('server', String(port)), 146);
});

test('h2spec finds no fault with the client', needsGo(), async (t) => {
  // h2spec listens on as many ports in a row as it has cases; where the first one is free is found out here.
  const { port } = await appServer(t, 'tcp', hello);
  const from = 20_000 + (port % 10_000);
  // A case has 3 s without `--timeout`, which is not enough for the start of Node on a busy machine.
  const output = await h2spec('client', String(from), `${process.execPath} ${client}`, '--timeout', '8');
  expectAll(output, 57, AFTER_END_STREAM);
});
