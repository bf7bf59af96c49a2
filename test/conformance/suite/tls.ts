import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Identity, selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import { bounded } from '../bounded.js';
import type { Started } from '../driver.js';
import { configOf, endedInPeace, hosted, type Pairing, type Setup, scenario } from './pairing.js';
import { probeOf } from './probe.js';

const LINE = '1|{app}|{network}|{address}|{protocol}|';

/** A directory with cert.pem, key.pem and ca.pem of one identity that trusts itself; removed when the test file ends. */
export async function tlsDirectory(): Promise<{ directory: string; identity: Identity }> {
  const directory = await mkdtemp(join(tmpdir(), 'tls-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const identity = await selfSignedAuthority().issue();
  await writeFile(join(directory, 'cert.pem'), identity.certificatePem);
  await writeFile(join(directory, 'ca.pem'), identity.certificatePem);
  await writeFile(join(directory, 'key.pem'), identity.keyPem);
  return { directory, identity };
}

/** Who is let in under AutoMTLS; for a pairing that uses it. */
export function autoMtlsSuite(pairing: Pairing): void {
  scenario(
    pairing,
    'T-01 T-02 T-06 T-07 the certificate of the handshake is the one that is presented',
    async (scene) => {
      const { env } = await (await scene.probe()).describe();
      assert.match(env['PLUGIN_CLIENT_CERT'] ?? '', /^-----BEGIN CERTIFICATE-----\n[^]+\n-----END CERTIFICATE-----\n$/);
      await scene.client.ping();
    },
  );

  scenario(pairing, 'T-04 a stranger without certificate is turned away', async ({ started, client }) => {
    assert.equal(await greeting(started, {}), 0);
    await client.ping();
  });

  scenario(
    pairing,
    'T-04 a stranger with a certificate of the same name is turned away',
    async ({ started, client }) => {
      const { certificatePem: cert, keyPem: key } = await selfSignedAuthority().issue();
      assert.equal(await greeting(started, { cert, key }), 0);
      await client.ping();
    },
  );

  scenario(pairing, 'T-05 TLS 1.1 is refused', async ({ started, client }) => {
    const old: ConnectionOptions = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
    assert.equal(await greeting(started, old), 0);
    await client.ping();
  });

  refused(pairing, 'T-09 T-10 an AutoMTLS host fails with a plugin that brings its own TLS', async () => {
    const { directory } = await tlsDirectory();
    return { flags: { 'tls-dir': directory } };
  });

  if (pairing.plugin !== 'go') return;
  refused(pairing, 'T-10 an AutoMTLS host fails with a plugin that returns no certificate', async () => ({
    flags: { handshake: LINE },
  }));
  refused(pairing, 'T-03 an AutoMTLS host accepts no certificate but the one of the handshake', async () => {
    const other = Buffer.from((await selfSignedAuthority().issue()).certificateDer)
      .toString('base64')
      .replace(/=+$/, '');
    return { flags: { handshake: `${LINE}${other}` } };
  });
}

/** Ends that do not agree about TLS; for a pairing without any. */
export function tlsMismatchSuite(pairing: Pairing): void {
  refused(pairing, 'T-11 a plaintext host fails with a TLS plugin, and does not hang', async () => {
    const { directory } = await tlsDirectory();
    return { flags: { 'tls-dir': directory } };
  });
  refused(pairing, 'T-11 a TLS host fails with a plaintext plugin, and does not hang', async () => {
    const { directory } = await tlsDirectory();
    return { config: { tls: { directory, serverName: 'localhost' } } };
  });
  refused(pairing, 'a plugin whose TLS provider fails is refused', async () => ({ flags: { 'tls-error': true } }));

  hosted(pairing, 'T-09 manual TLS on both ends works, and leaves field 6 empty', async (host) => {
    const { directory, identity } = await tlsDirectory();
    const setup = { flags: { 'tls-dir': directory }, config: { tls: { directory, serverName: 'localhost' } } };
    const client = await host.create(await configOf(pairing, setup));
    const started = await client.start();
    await client.ping();
    const probe = probeOf(await client.dispense('probe'), started.protocol);
    assert.equal((await probe.echo(Buffer.from('four'))).length, 4);
    assert.equal(await greeting(started, {}), 0);
    assert.ok((await greeting(started, { cert: identity.certificatePem, key: identity.keyPem })) > 0, 'no greeting');
    await client.stop();
    endedInPeace(pairing, client, started.protocol);
  });
}

/** Registers a test in which host and plugin cannot converse: either the start fails or the first ping does. */
function refused(pairing: Pairing, name: string, setup: () => Promise<Setup>): void {
  hosted(pairing, name, async (host) => {
    const client = await host.create(await configOf(pairing, await setup()));
    await assert.rejects(async () => {
      await client.start();
      await client.ping();
    });
    await client.stop();
  });
}

/** A ping of yamux: frame type 2, flag 1, any number. */
const YAMUX_PING = Buffer.from('000200010000000000000007', 'hex');

/**
 * How many bytes a plugin says to somebody who connects with these credentials: an HTTP/2 server greets with its settings, a yamux
 * server answers a ping.
 */
async function greeting({ network, address, protocol }: Started, options: ConnectionOptions): Promise<number> {
  const [host, port] = address.split(':');
  const where = network === 'unix' ? { path: address } : { host: host!, port: Number(port) };
  const socket: TLSSocket = connect({
    ...where,
    servername: 'localhost',
    rejectUnauthorized: false,
    ...(protocol === 'grpc' ? { ALPNProtocols: ['h2'] } : {}),
    ...options,
  });
  if (protocol === 'netrpc') socket.write(YAMUX_PING);
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    socket.destroy();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await bounded(closed, 'the end of a connection that is not welcome');
  return received;
}
