import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { HeaderList, Http2ClientSession } from '../../../src/transports/http2/interfaces.js';
import { connectHttp2 } from '../../../src/transports/http2/open-session.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { defer } from '../../support/defer.js';
import { appServer } from './app-server.js';
import { demoApp, valueOf } from './demo-app.js';

const LIMIT_MS = 120_000;

async function xnet(): Promise<string> {
  return join(await buildGo('test/interop/http2/go', ['xnet']), 'xnet');
}

test('Go’s client gets what it wants from our server', needsGo(), async (t) => {
  const program = await xnet();
  const { socket, sessions } = await appServer(t, 'unix', demoApp);
  const { stdout } = await promisify(execFile)(program, ['call', socket], { timeout: LIMIT_MS });
  const lines = stdout.trim().split('\n');
  assert.ok(lines.length >= 10);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('ok ')),
    [],
  );
  assert.ok(sessions.size <= 1);
});

/** Go's server behind a unix socket, and our session to it, for the length of a test. */
async function goServer(t: TestContext): Promise<Http2ClientSession> {
  const program = await xnet();
  const directory = mkdtempSync(join(tmpdir(), 'x'));
  const server = spawn(program, ['serve', join(directory, 's')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  await once(server.stdout, 'data');
  const connection = connect(join(directory, 's'));
  await once(connection, 'connect');
  const session = connectHttp2(connection, { onClose: () => {} });
  t.after(async () => {
    session.destroy();
    server.stdin.end();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  return session;
}

interface Answer {
  readonly headers: HeaderList;
  readonly trailers: HeaderList;
  readonly bytes: number;
  /** Code of RST_STREAM; -1 for a good end. */
  readonly code: number;
}

function ask(session: Http2ClientSession, path: string, body = 0, more: HeaderList = []): Promise<Answer> {
  const over = defer<Answer>();
  let headers: HeaderList = [];
  let trailers: HeaderList = [];
  let bytes = 0;
  let left = body;
  const settle = (code: number) => over.resolve({ headers, trailers, bytes, code });
  const request = [':method', 'POST', ':scheme', 'http', ':path', path, ':authority', 'x', ...more];
  const stream = session.open(
    request,
    {
      onHeaders: (list, endStream) => {
        headers = list;
        if (endStream) settle(-1);
      },
      onData: (chunk) => {
        bytes += chunk.length;
        stream.consume(chunk.length);
      },
      onTrailers: (list) => {
        trailers = list;
      },
      onEnd: () => settle(-1),
      onReset: settle,
      onDrain: () => pump(),
    },
    body === 0,
  );
  const pump = () => {
    while (left > 0) {
      const size = Math.min(left, 40_000);
      left -= size;
      if (!stream.write(new Uint8Array(size), left === 0)) return;
    }
  };
  pump();
  return over.promise;
}

test('our client gets what it wants from Go’s server', needsGo(), async (t) => {
  const session = await goServer(t);
  for (const size of [0, 1, 100, 16_384, 10 << 20]) {
    const { bytes, trailers, code } = await ask(session, '/echo', size);
    assert.deepEqual([bytes, code, [...trailers]], [size, -1, ['done', 'yes']]);
  }
  const many = await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(session, '/echo', index)));
  assert.deepEqual(
    many.map(({ bytes }) => bytes),
    Array.from({ length: 1000 }, (_, index) => index),
  );
  assert.equal((await ask(session, '/bytes?n=67108864')).bytes, 64 << 20);
  assert.equal((await ask(session, '/fail')).code, 2);
  for (let round = 0; round < 200; round += 1) {
    const sent = ['x-same', 'same'.repeat(20), 'x-unique', String(round).repeat(20)];
    const { headers } = await ask(session, '/headers', 0, sent);
    assert.equal(valueOf(headers, 'x-same'), sent[1]);
    assert.equal(valueOf(headers, 'x-unique'), sent[3]);
  }
  const { headers } = await ask(session, '/headers', 0, ['x-long', 'long'.repeat(7500)]);
  assert.equal(valueOf(headers, 'x-long').length, 30_000);
  assert.ok((await session.ping(5000)) > 0);
});

test('a stream that we cancel stops Go’s handler, and the session goes on', needsGo(), async (t) => {
  const session = await goServer(t);
  for (let round = 0; round < 200; round += 1) {
    const stream = session.open(
      [':method', 'GET', ':scheme', 'http', ':path', '/bytes?n=1000000000', ':authority', 'x'],
      {
        onHeaders: () => {},
        onData: () => {},
        onTrailers: () => {},
        onEnd: () => {},
        onReset: () => assert.fail('reset was ours'),
        onDrain: () => {},
      },
      true,
    );
    if (round % 2 === 0) await session.ping(5000);
    stream.reset(8);
  }
  assert.equal((await ask(session, '/echo', 100)).bytes, 100);
});
