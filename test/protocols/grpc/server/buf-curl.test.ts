import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { Metadata, status } from '@grpc/grpc-js';
import { count, map, of } from 'rxjs';
import { DESCRIPTOR_SET_BASE64 } from '../../../../examples/gen/descriptors.js';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { HealthDefinition } from '../../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { HealthService } from '../../../../src/protocols/grpc/services/health.js';
import { addReflection } from '../../../../src/protocols/grpc/services/reflection.js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { selfSignedAuthority } from '../../../../src/transports/tls/certificate.js';
import { bufCurl } from '../../../support/buf-curl.js';
import { serveOnUnixSocket } from '../../../support/grpc-peer.js';
import { createGrpcServer, test } from '../../../support/grpc-servers.js';

function kvServer() {
  const server = createGrpcServer();
  server.addService(KVDefinition, {
    get: ({ key }) => {
      const metadata = new Metadata();
      metadata.set('kv-key', key);
      if (key === '') throw new GrpcError(status.NOT_FOUND, 'kein Schlüssel: 100 %', { metadata });
      return { value: Buffer.from(key), revision: 1n };
    },
    put: (request) => ({ revision: BigInt(request.value.length) }),
    watch: () => of({ key: 'a', value: Buffer.from('1') }, { key: 'b' }),
    import: (request$) =>
      request$.pipe(
        count(),
        map((entries) => ({ entries })),
      ),
    sync: (request$) => request$.pipe(map(({ id }) => ({ id: id + 1 }))),
  });
  server.addService(HealthDefinition, new HealthService());
  addReflection(server, { descriptorSets: [Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')] });
  return server;
}

const serve = () => serveOnUnixSocket(kvServer());

const lines = (text: string): unknown[] =>
  text
    .trim()
    .split(/\n(?=\{)/)
    .map((line) => JSON.parse(line) as unknown);

test('a Go client finds the services by reflection and makes calls of every kind', async () => {
  await using socket = await serve();
  const cases: [string, string, unknown[]][] = [
    ['kv.v1.KV/Get', '{"key":"k"}', [{ value: 'aw==', revision: '1' }]],
    ['kv.v1.KV/Watch', '{}', [{ key: 'a', value: 'MQ==' }, { key: 'b' }]],
    ['kv.v1.KV/Import', '{"key":"a"}{"key":"b"}', [{ entries: 2 }]],
    ['kv.v1.KV/Sync', '{"id":1}{"id":2}', [{ id: 2 }, { id: 3 }]],
    ['grpc.health.v1.Health/Check', '{"service":"plugin"}', [{ status: 'SERVING' }]],
  ];
  for (const [method, data, expected] of cases) {
    const { code, stdout, stderr } = await bufCurl(socket.path, method, '--data', data);
    assert.equal(code, 0, stderr);
    assert.deepEqual(lines(stdout), expected, method);
  }
});

test('C-14 a Go client lists the methods by either version of reflection', async () => {
  await using socket = await serve();
  for (const version of ['grpc-v1', 'grpc-v1alpha']) {
    const { code, stdout, stderr } = await bufCurl(socket.path, '', '--list-methods', '--reflect-protocol', version);
    assert.equal(code, 0, stderr);
    for (const method of [
      'kv.v1.KV/Sync',
      'grpc.health.v1.Health/List',
      'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    ])
      assert.ok(stdout.includes(method), stdout);
  }
});

test('a Go client gets status, text and trailers of a failure', async () => {
  await using socket = await serve();
  const { code, stderr } = await bufCurl(socket.path, 'kv.v1.KV/Get', '--data', '{}', '-v');
  assert.equal(code, status.NOT_FOUND * 8);
  assert.ok(stderr.includes('"code": "not_found"'), stderr);
  assert.ok(stderr.includes('kein Schlüssel: 100 %'), stderr);
  assert.ok(/kv-key:/i.test(stderr), stderr);
});

test('a Go client is served over mutual TLS, and without its certificate it is not', async () => {
  const server = kvServer();
  const [ours, theirs] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  const directory = mkdtempSync(join(tmpdir(), 't-'));
  const path = join(directory, 'g.sock');
  const files = { cacert: ours.certificatePem, cert: theirs.certificatePem, key: theirs.keyPem };
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(directory, name), pem);
  const tls = { key: ours.keyPem, cert: ours.certificatePem, ca: theirs.certificatePem, requestCert: true };
  const listener = createServer({ ...tls, ALPNProtocols: ['h2'] }, (connection) => server.inject(connection));
  await once(listener.listen(path), 'listening');
  const secure = ['--servername', 'localhost', '--cacert', join(directory, 'cacert')];
  const own = ['--cert', join(directory, 'cert'), '--key', join(directory, 'key')];
  const call = (...options: string[]) => bufCurl(path, 'kv.v1.KV/Get', '--data', '{"key":"k"}', ...secure, ...options);
  const [accepted, refused] = await Promise.all([call(...own), call()]);
  listener.close();
  await server.close();
  rmSync(directory, { recursive: true });
  assert.equal(accepted.code, 0, accepted.stderr);
  assert.deepEqual(lines(accepted.stdout), [{ value: 'aw==', revision: '1' }]);
  assert.notEqual(refused.code, 0);
});
