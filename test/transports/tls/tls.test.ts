import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { PluginError } from '../../../src/errors.js';
import { type Identity, selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import {
  mutualTls,
  secureDialer,
  secureListener,
  speaksTls,
  type TlsConfig,
  type TlsLayerOptions,
} from '../../../src/transports/tls/tls.js';
import type { Dialer } from '../../../src/transports/transport.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { watchResources } from '../../support/active-resources.js';
import { blockLoop } from '../../support/block-loop.js';
import { within } from '../../support/defer.js';
import { LINKS, type Link, type LinkKind } from '../../support/tls-link.js';

const assertNothingLeft = watchResources();
// As go-plugin's.
const authority = selfSignedAuthority({ curve: 'P-521', ca: true });
let host: Identity;
let plugin: Identity;
let stranger: Identity;
let theirs: TlsConfig;
let ours: TlsConfig;

before(async () => {
  [host, plugin, stranger] = await Promise.all([authority.issue(), authority.issue(), authority.issue()]);
  ours = mutualTls(host, plugin.certificatePem);
  theirs = mutualTls(plugin, host.certificatePem);
});

/** A TLS server on a link: echoes what its clients say, and counts those that were let in. */
class Echo {
  readonly link: Link;
  readonly clients: Duplex[] = [];
  readonly end: Promise<void>;

  constructor(link: Link, config: TlsConfig, options: TlsLayerOptions = {}) {
    this.link = link;
    this.end = new Promise((resolve) =>
      secureListener(link.listener, config, options).connection$.subscribe({
        next: (client) => {
          this.clients.push(client);
          client.pipe(client);
        },
        complete: resolve,
      }),
    );
  }

  static async on(kind: LinkKind, config: TlsConfig, options?: TlsLayerOptions): Promise<Echo> {
    return new Echo(await kind.open(), config, options);
  }

  /** Closes both ends and waits until nothing of any connection is left. */
  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.link.close();
    await bounded('the end of the listener', this.end);
    await bounded('the end of every connection', allClosed([...this.clients, ...this.link.raw]));
  }
}

const bounded = <T>(what: string, promise: Promise<T>) => within(15_000, what, promise);

async function allClosed(streams: readonly Duplex[]): Promise<void> {
  await Promise.all(streams.filter((stream) => !stream.closed).map((stream) => once(stream, 'close')));
}

async function say(connection: Duplex, text: string): Promise<string> {
  connection.write(text);
  const [chunk] = (await bounded('an answer', once(connection, 'data'))) as [Buffer];
  return chunk.toString();
}

const isTls = (error: unknown) => PluginError.is(error) && error.code === 'ERR_TLS';

/** Whether a client with these credentials is let in. In TLS 1.3 it knows only when it is answered. */
async function isWelcome(dialer: Dialer, options: ConnectionOptions): Promise<boolean> {
  const raw = await dialer.dial();
  const socket = connect({ socket: raw, servername: 'localhost', rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  socket.write('hello');
  const answered = once(socket, 'data').then(
    () => true,
    () => false,
  );
  const welcome = await bounded('an answer or a close', Promise.race([answered, once(raw, 'close').then(() => false)]));
  socket.destroy();
  return welcome;
}

for (const kind of LINKS) {
  test(`T-03 T-07 T-08 over ${kind.name} two ends that trust each other's P-521 certificate converse`, async () => {
    const echo = await Echo.on(kind, theirs);
    const connection = await bounded('a connection', secureDialer(echo.link.dialer, ours).dial());
    assert.ok(connection instanceof TLSSocket);
    assert.equal(connection.authorized, true);
    const certificate = new X509Certificate(connection.getPeerX509Certificate()!.raw);
    assert.deepEqual(certificate.raw, plugin.certificateDer);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'secp521r1');
    assert.equal(connection.getProtocol(), 'TLSv1.3');
    assert.equal(await say(connection, 'hello'), 'hello');
    connection.destroy();
    await echo.close();
  });

  test(`T-04 over ${kind.name} a stranger with no certificate or another one is refused, and the next one served`, async () => {
    const echo = await Echo.on(kind, theirs);
    const strangers: Readonly<Record<string, ConnectionOptions>> = {
      none: {},
      another: { key: stranger.keyPem, cert: stranger.certificatePem },
      'TLS 1.2 without': { maxVersion: 'TLSv1.2' },
      'TLS 1.2 with another': { key: stranger.keyPem, cert: stranger.certificatePem, maxVersion: 'TLSv1.2' },
    };
    for (const [who, options] of Object.entries(strangers))
      assert.equal(await isWelcome(echo.link.dialer, options), false, who);
    assert.equal(await isWelcome(echo.link.dialer, { key: host.keyPem, cert: host.certificatePem }), true);
    assert.equal(echo.clients.length, 1);
    await echo.close();
  });

  test(`T-03 over ${kind.name} a server with another certificate than the announced one is refused`, async () => {
    const echo = await Echo.on(kind, mutualTls(stranger, host.certificatePem));
    await assert.rejects(bounded('a refusal', secureDialer(echo.link.dialer, ours).dial()), isTls);
    await echo.close();
  });

  test(`T-05 over ${kind.name} TLS 1.1 is refused, by the server and by the client`, async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    const credentials = { key: host.keyPem, cert: host.certificatePem };
    const echo = await Echo.on(kind, { ...theirs, ciphers: 'DEFAULT:@SECLEVEL=0' });
    assert.equal(await isWelcome(echo.link.dialer, { ...credentials, ...old }), false);
    await echo.close();
    const ancient = await Echo.on(kind, { ...theirs, ...old });
    const dialer = secureDialer(ancient.link.dialer, { ...ours, ciphers: 'DEFAULT:@SECLEVEL=0' });
    await assert.rejects(
      bounded('a refusal', dialer.dial()),
      (error) => isTls(error) && /no version of TLS in common: this one speaks TLSv1\.2 or newer\./.test(String(error)),
    );
    // The rest of the pair does connect where that is asked for: it is the version that is refused.
    const compliant = secureDialer(ancient.link.dialer, { ...ours, ...old });
    (await bounded('an old connection', compliant.dial())).destroy();
    await ancient.close();
  });

  test(`T-06 over ${kind.name} gRPC's ALPN is agreed on or refused, and none is needed where none is wanted`, async () => {
    const echo = await Echo.on(kind, theirs, { alpn: ['h2'] });
    const connection = await bounded('a connection', secureDialer(echo.link.dialer, ours, { alpn: ['h2'] }).dial());
    assert.equal((connection as TLSSocket).alpnProtocol, 'h2');
    connection.destroy();
    await assert.rejects(secureDialer(echo.link.dialer, ours, { alpn: ['http/1.1'] }).dial(), isTls);
    assert.equal(await isWelcome(echo.link.dialer, { key: host.keyPem, cert: host.certificatePem }), false);
    await echo.close();
    const bare = await Echo.on(kind, theirs);
    await assert.rejects(secureDialer(bare.link.dialer, ours, { alpn: ['h2'] }).dial(), isTls);
    (await bounded('a connection', secureDialer(bare.link.dialer, ours).dial())).destroy();
    await bare.close();
  });

  test(`T-11 over ${kind.name} a TLS client fails at once with a server that speaks in clear`, async () => {
    const link = await kind.open();
    link.listener.connection$.subscribe((raw) => raw.on('error', () => {}).write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await assert.rejects(bounded('a failure', secureDialer(link.dialer, ours).dial()), isTls);
    assert.equal(await bounded('a probe', speaksTls(link.dialer, { timeoutMs: 10_000 })), false);
    await link.close();
    await bounded('the end', allClosed(link.raw));
  });

  test(`T-11 over ${kind.name} a client that speaks in clear is dropped by a TLS server`, async () => {
    const echo = await Echo.on(kind, theirs);
    const raw = await echo.link.dialer.dial();
    raw.on('error', () => {}).resume();
    raw.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await bounded('the end of the connection', once(raw, 'close'));
    assert.equal(await bounded('a probe', speaksTls(echo.link.dialer, { timeoutMs: 10_000 })), true);
    assert.deepEqual(echo.clients, []);
    await echo.close();
  });

  test(`over ${kind.name} a silent server is given up after the bound, or when the caller gives up`, async () => {
    const link = await kind.open();
    link.listener.connection$.subscribe((raw) => raw.on('error', () => {}).resume());
    await assert.rejects(secureDialer(link.dialer, ours, { handshakeTimeoutMs: 20 }).dial(), isTls);
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const dialing = assert.rejects(secureDialer(link.dialer, ours).dial({ signal: abort.signal }), reason);
    setImmediate(() => abort.abort(reason));
    await bounded('the giving up', dialing);
    await assert.rejects(secureDialer(link.dialer, ours).dial({ signal: AbortSignal.abort(reason) }));
    assert.equal(await speaksTls(link.dialer, { timeoutMs: 20 }), false);
    await bounded('the end of every connection', allClosed(link.raw));
    await link.close();
  });

  test(`over ${kind.name} a silent client is dropped after the bound`, async () => {
    const echo = await Echo.on(kind, theirs, { handshakeTimeoutMs: 20 });
    const raw = await echo.link.dialer.dial();
    raw.on('error', () => {}).resume();
    await bounded('the end of the connection', once(raw, 'close'));
    assert.deepEqual(echo.clients, []);
    await echo.close();
  });

  test(`over ${kind.name} handshakes that stall hold up nobody, give way when they are too many, and go with the listener`, async () => {
    const echo = await Echo.on(kind, theirs);
    const stalled: Duplex[] = [];
    for (let count = 0; count < 64; count++) {
      const raw = await echo.link.dialer.dial();
      stalled.push(raw.on('error', () => {}).resume());
    }
    const connection = await bounded('a connection', secureDialer(echo.link.dialer, ours).dial());
    assert.equal(await say(connection, 'past them all'), 'past them all');
    await bounded('the oldest to give way', allClosed(stalled.slice(0, 1)));
    assert.equal(stalled.filter((raw) => raw.destroyed).length, 1);
    await echo.link.listener.close();
    await bounded('the others to be cut', allClosed(stalled));
    assert.equal(await say(connection, 'still here'), 'still here');
    connection.destroy();
    await echo.close();
  });

  test(`over ${kind.name} a mebibyte each way arrives whole, and an end is seen as an end`, async () => {
    const echo = await Echo.on(kind, theirs);
    const connection = await secureDialer(echo.link.dialer, ours).dial();
    const sent = Buffer.alloc(1 << 20, 'life');
    connection.end(sent);
    const received: Buffer[] = [];
    for await (const chunk of connection) received.push(chunk as Buffer);
    assert.ok(Buffer.concat(received).equals(sent));
    connection.destroy();
    await echo.close();
  });
}

const [unix] = LINKS;

test('T-04 a copied certificate without its key is not even taken by OpenSSL', async () => {
  const link = await unix!.open();
  assert.throws(() => secureDialer(link.dialer, { ...ours, key: stranger.keyPem }), isTls);
  await link.close();
});

for (const version of ['1.2', '1.3']) {
  test(`T-04 over TLS ${version} a Go client that presents a copied certificate is refused`, needsGo(), async () => {
    const echo = await Echo.on(unix!, theirs);
    const thief = join(await buildGo('test/interop/tls/go', ['thief']), 'thief');
    const directory = mkdtempSync(join(tmpdir(), 'c'));
    writeFileSync(join(directory, 'cert.pem'), host.certificatePem);
    const args = [echo.link.listener.address.address, join(directory, 'cert.pem'), version];
    const { stdout, stderr } = await promisify(execFile)(thief, args, { timeout: 120_000 });
    rmSync(directory, { recursive: true });
    assert.equal(stdout, '0\n', stderr);
    assert.deepEqual(echo.clients, []);
    await echo.close();
  });
}

for (const [title, hosts, plugins] of [
  ['our default at both ends', {}, {}],
  ["our default at the client, go-plugin's at the server", {}, { curve: 'P-521', ca: true }],
  ["go-plugin's at the client, our default at the server", { curve: 'P-521', ca: true }, {}],
] as const) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`T-03 T-07 ${title}: they converse by ${maxVersion}, and refuse another certificate of the same form`, async () => {
      const [client, server] = await Promise.all([
        selfSignedAuthority(hosts).issue(),
        selfSignedAuthority(plugins).issue(),
      ]);
      const other = await selfSignedAuthority(plugins).issue();
      const echo = await Echo.on(unix!, { ...mutualTls(server, client.certificatePem), maxVersion });
      const connection = await secureDialer(echo.link.dialer, mutualTls(client, server.certificatePem)).dial();
      assert.equal(await say(connection, 'hello'), 'hello');
      connection.destroy();
      await assert.rejects(secureDialer(echo.link.dialer, mutualTls(client, other.certificatePem)).dial(), isTls);
      const stranger = { key: other.keyPem, cert: other.certificatePem, maxVersion };
      assert.equal(await isWelcome(echo.link.dialer, stranger), false);
      await echo.close();
    });
  }
}

/** The same as `ours`, as a user would write it. */
const manual = (): TlsConfig => ({ key: host.keyPem, cert: host.certificatePem, ca: plugin.certificatePem });

test('a name that is not in the certificate is refused, unless the application checks by itself', async () => {
  const echo = await Echo.on(unix!, theirs);
  await assert.rejects(
    secureDialer(echo.link.dialer, { ...manual(), serverName: 'example.org' }).dial(),
    (error) => isTls(error) && /serverName/.test(String(error)),
  );
  const own = secureDialer(echo.link.dialer, {
    ...manual(),
    serverName: 'example.org',
    checkServerIdentity: () => undefined,
  });
  (await own.dial()).destroy();
  const never = { ...manual(), checkServerIdentity: () => new Error('I know him') };
  await assert.rejects(secureDialer(echo.link.dialer, never).dial(), /I know him/);
  await echo.close();
});

test('AutoMTLS: a name that is not in the certificate is told without options that cannot be set', async () => {
  const echo = await Echo.on(unix!, theirs);
  const dialer = secureDialer(echo.link.dialer, { ...ours, serverName: 'example.org' });
  await assert.rejects(
    dialer.dial(),
    (error) => isTls(error) && /localhost.*`tls`/.test(String(error)) && !/serverName/.test(String(error)),
  );
  await echo.close();
});

test('an event loop that is blocked for longer than the bounds of dialing and of the handshake ends neither', async () => {
  for (const kind of LINKS) {
    const echo = await Echo.on(kind, theirs);
    const { dialer } = echo.link;
    const blocking: Dialer = {
      dial: async (options) => {
        const dialing = dialer.dial(options);
        setImmediate(() => blockLoop(1000));
        const connection = await dialing;
        setImmediate(() => blockLoop(1000));
        return connection;
      },
    };
    const secured = secureDialer(blocking, ours, { handshakeTimeoutMs: 800 });
    (await bounded('a connection', secured.dial())).destroy();
    await echo.close();
  }
});

test('a server that asks for no certificate lets everybody in', async () => {
  const echo = await Echo.on(unix!, { ...theirs, requireClientCertificate: false });
  assert.equal(await isWelcome(echo.link.dialer, {}), true);
  await echo.close();
});

test('NODE_TLS_REJECT_UNAUTHORIZED does not open the door to another certificate', async () => {
  const echo = await Echo.on(unix!, mutualTls(stranger, host.certificatePem));
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  await assert.rejects(secureDialer(echo.link.dialer, ours).dial(), isTls);
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  await echo.close();
});

test('a configuration that OpenSSL does not take is refused before anything is dialed or accepted', async () => {
  const link = await unix!.open();
  const broken = { ...ours, cert: 'no PEM at all' };
  assert.throws(() => secureDialer(link.dialer, broken), isTls);
  assert.throws(() => secureListener(link.listener, broken), isTls);
  await link.close();
});

test('when all connections are closed nothing of them keeps the process alive', assertNothingLeft);
