import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { describeCertificate, refusesStrangers } from '../../../src/cli/inspect/certificate.js';
import { ranges } from '../../../src/cli/inspect/rows.js';
import { tlsDirectory } from '../../conformance/suite/tls.js';

const { directory } = await tlsDirectory();
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
const identity = { cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem') };

async function ask(options: TlsOptions, onSecure: (socket: TLSSocket) => void): Promise<boolean | undefined> {
  const server = createServer({ ...identity, ...options }, (socket) => onSecure(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await refusesStrangers({ network: 'tcp', address: `127.0.0.1:${port}` }, 'grpc');
  } finally {
    server.close();
  }
}

test('a server that demands a certificate refuses a stranger, also in TLS 1.2', async () => {
  const demanding = { requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] };
  assert.equal(await ask(demanding, (socket) => socket.write('x')), true);
  assert.equal(await ask({ ...demanding, maxVersion: 'TLSv1.2' }, (socket) => socket.write('x')), true);
});

test('a server that answers a stranger serves it', async () => {
  const careless = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
  assert.equal(await ask(careless, (socket) => socket.once('data', () => socket.write('x'))), false);
});

test('a server that neither answers nor refuses leaves it open', async () => {
  assert.equal(await ask({ ALPNProtocols: ['h2'] }, () => {}), undefined);
});

test('what is no certificate is not described', () => {
  assert.equal(describeCertificate(Buffer.from('x')), undefined);
});

test('versions are told as ranges', () => {
  assert.equal(ranges([0, 1, 2, 3, 5, 7, 8]), '0–3, 5, 7, 8');
});
