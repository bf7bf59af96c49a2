import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { ContainerModule } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { CERTIFICATE_AUTHORITY } from '../../src/di/index.js';
import { type CertificateAuthority, type Curve, type Identity, selfSignedAuthority } from '../../src/grpc.js';
import { createClient, type PluginClient, PluginError, type TlsConfig } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const bounded = <T>(what: string, promise: Promise<T>) => within(20_000, what, promise);
const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;

let host: Identity;
let plugin: Identity;
let hostTls: TlsConfig;
let pluginTls: { key: string; cert: string; ca: string };
before(async () => {
  [host, plugin] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  hostTls = { key: host.keyPem, cert: host.certificatePem, ca: plugin.certificatePem };
  pluginTls = { key: plugin.keyPem, cert: plugin.certificatePem, ca: host.certificatePem };
});

interface HostOptions {
  readonly autoMtls?: boolean;
  readonly tls?: TlsConfig;
  readonly modules?: readonly ContainerModule[];
}

/** A client of a plugin that behaves as `test/fixtures/plugins/serves.ts` knows to. */
function clientOf(behaviour: object, options: HostOptions): PluginClient<typeof plugins> {
  return createClient({ command: fixture('serves', JSON.stringify(behaviour)), handshake, plugins, ...options });
}

async function startFails(
  behaviour: object,
  options: HostOptions,
  expected: (error: unknown) => boolean,
): Promise<void> {
  const client = clientOf(behaviour, options);
  await assert.rejects(bounded('a failure', client.start()), expected);
  assert.equal(client.exited, true);
  assertTempDirEmpty();
}

async function converse(client: PluginClient<typeof plugins>): Promise<void> {
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('secret') }));
  assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'a' }))).value).toString(), 'secret');
  await client.ping();
}

/** Issues by another authority and remembers what it issued. */
function recordingAuthority(curve: Curve): { readonly module: ContainerModule; readonly issued: Identity[] } {
  const issued: Identity[] = [];
  const inner = selfSignedAuthority({ curve });
  const authority: CertificateAuthority = {
    issue: async () => {
      const identity = await inner.issue();
      issued.push(identity);
      return identity;
    },
  };
  return {
    issued,
    module: new ContainerModule(({ bind }) => void bind(CERTIFICATE_AUTHORITY).toConstantValue(authority)),
  };
}

for (const [hostCurve, pluginCurve] of [
  ['P-521', 'P-521'],
  ['P-256', 'P-521'],
  ['P-521', 'P-256'],
  ['P-256', 'P-256'],
] as const) {
  test(`autoMtls: a host with a ${hostCurve} certificate calls a plugin with a ${pluginCurve} one`, async () => {
    const { module } = recordingAuthority(hostCurve);
    const client = clientOf({ curve: pluginCurve }, { autoMtls: true, modules: [module] });
    await client.start();
    const { serverCertificate } = await firstValueFrom(client.handshake$);
    const key = new X509Certificate(serverCertificate!).publicKey.asymmetricKeyDetails?.namedCurve;
    assert.equal(key, pluginCurve === 'P-256' ? 'prime256v1' : 'secp521r1');
    await converse(client);
    await client.stop();
    assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
    assertTempDirEmpty();
  });
}

/** Connects to the plugin as somebody; resolves with the certificate that it presents and whether it greets, as an HTTP/2 server does. */
function visit(path: string, options: ConnectionOptions): Promise<{ certificate: Uint8Array; greeted: boolean }> {
  return new Promise((resolve) => {
    let certificate: Uint8Array = Buffer.alloc(0);
    let greeted = false;
    const socket = connect({
      path,
      servername: 'localhost',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      ...options,
    });
    socket.once('secureConnect', () => (certificate = socket.getPeerX509Certificate()!.raw));
    socket.on('error', () => {});
    socket.on('data', () => {
      greeted = true;
      socket.destroy();
    });
    socket.once('close', () => resolve({ certificate, greeted }));
  });
}

test('T-02 T-04 the plugin presents the certificate of field 6, and accepts only its host', async () => {
  const { module, issued } = recordingAuthority('P-521');
  const client = clientOf({}, { autoMtls: true, modules: [module] });
  await client.start();
  const { address, serverCertificate } = await firstValueFrom(client.handshake$);
  const [own] = issued;
  const asHost = await bounded('a visit', visit(address.address, { key: own!.keyPem, cert: own!.certificatePem }));
  assert.equal(asHost.greeted, true);
  assert.deepEqual(Buffer.from(asHost.certificate), Buffer.from(serverCertificate!));
  assert.equal((await bounded('a visit', visit(address.address, {}))).greeted, false);
  const asStranger = { key: host.keyPem, cert: host.certificatePem };
  assert.equal((await bounded('a visit', visit(address.address, asStranger))).greeted, false);
  await converse(client);
  await client.stop();
});

test('every start has certificates of its own', async () => {
  const { module, issued } = recordingAuthority('P-256');
  for (let starts = 0; starts < 2; starts++) {
    const client = clientOf({}, { autoMtls: true, modules: [module] });
    await client.start();
    await client.stop();
  }
  assert.equal(new Set(issued.map(({ keyPem }) => keyPem)).size, 2);
});

test('T-09 manual TLS on both ends works, and leaves field 6 empty', async () => {
  const client = clientOf({ tls: pluginTls }, { tls: hostTls });
  await client.start();
  assert.equal((await firstValueFrom(client.handshake$)).serverCertificate, undefined);
  await converse(client);
  await client.stop();
});

test('manual TLS: the name that the certificate is checked against is an option', async () => {
  const wrong = { ...hostTls, serverName: 'example.org' };
  await startFails(
    { tls: pluginTls },
    { tls: wrong },
    (error) => hasCode('ERR_TLS')(error) && /serverName/.test(String(error)),
  );
});

test('autoMtls together with tls is refused before anything starts', () => {
  assert.throws(() => clientOf({}, { autoMtls: true, tls: hostTls }), hasCode('ERR_OPTIONS'));
});

test('T-09 T-10 an AutoMTLS host refuses a plugin that brings its own TLS', async () => {
  await startFails({ tls: pluginTls }, { autoMtls: true }, hasCode('ERR_TLS_NOT_SUPPORTED'));
});

test('T-10 T-11 an AutoMTLS host refuses a plugin without TLS', async () => {
  await startFails({ clientCertificate: '' }, { autoMtls: true }, hasCode('ERR_TLS_NOT_SUPPORTED'));
});

test('T-04 an AutoMTLS host is refused by a plugin that trusts another host', async () => {
  // What could be advised to a host with `tls` is excluded here.
  const isExplained = (error: unknown) =>
    hasCode('ERR_TLS')(error) &&
    /ECDSA with P-256.*CERTIFICATE_AUTHORITY/.test(String(error)) &&
    !/`(?:autoMtls|tls)`/.test(String(error));
  await startFails({ clientCertificate: plugin.certificatePem }, { autoMtls: true }, isExplained);
});

test('a plugin that cannot read the certificate of its host reports it, and accepts no connection', async () => {
  const said = (error: unknown) =>
    hasCode('ERR_TLS')(error) &&
    /host's certificate cannot be parsed/.test(String((error as PluginError).details.stderr));
  await startFails({ clientCertificate: 'no PEM at all' }, { autoMtls: true }, said);
});

test('T-11 a host without TLS fails with a TLS plugin, with the reason', async () => {
  await startFails({ tls: pluginTls }, {}, (error) => hasCode('ERR_TLS')(error) && /speaks TLS/.test(String(error)));
});

test('T-11 a TLS host fails with a plugin without TLS, with the reason', async () => {
  await startFails(
    {},
    { tls: hostTls },
    (error) => hasCode('ERR_TLS')(error) && /does not speak TLS/.test(String(error)),
  );
});

test('H-23 an unexpected certificate in the handshake does not crash the host', async () => {
  await startFails({ clientCertificate: host.certificatePem }, {}, hasCode('ERR_TLS'));
});

test('H-23 a host with `tls` trusts its own configuration, not the certificate in the handshake', async () => {
  await startFails({ clientCertificate: host.certificatePem }, { tls: hostTls }, hasCode('ERR_TLS'));
});

for (const [title, tls] of [
  ['no certificate', () => ({ ca: plugin.certificatePem })],
  ['another certificate', () => ({ key: plugin.keyPem, cert: plugin.certificatePem, ca: plugin.certificatePem })],
] as const) {
  test(`manual TLS: the start of a host with ${title} fails because the plugin refuses it`, async () => {
    const refused = (error: unknown) =>
      hasCode('ERR_TLS')(error) && /refused this host's certificate/.test(String(error));
    await startFails({ tls: pluginTls }, { tls: tls() }, refused);
  });
}

test('AutoMTLS of an outer host does not leak into plugins', async () => {
  process.env['PLUGIN_CLIENT_CERT'] = host.certificatePem;
  process.env['PLUGIN_MULTIPLEX_GRPC'] = 'true';
  try {
    const client = clientOf({}, {});
    await client.start();
    assert.equal((await firstValueFrom(client.handshake$)).serverCertificate, undefined);
    await converse(client);
    await client.stop();
  } finally {
    delete process.env['PLUGIN_CLIENT_CERT'];
    delete process.env['PLUGIN_MULTIPLEX_GRPC'];
  }
});
