/** AutoMTLS compares the peer's certificate itself: what OpenSSL would have refused is refused all the same. `tls.test.ts` has the others. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { before, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { PluginError } from '../../../src/errors.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { type Identity, selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import { mutualTls, secureDialer, secureListener } from '../../../src/transports/tls/tls.js';
import { buildGo, needsGo } from '../../conformance/build-go.js';
import { within } from '../../support/defer.js';
import { LINKS, type Link } from '../../support/tls-link.js';

const [unix] = LINKS;
const bounded = <T>(what: string, promise: Promise<T>) => within(15_000, what, promise);
const isTls = (text: RegExp) => (error: unknown) =>
  PluginError.is(error) && error.code === 'ERR_TLS' && text.test(error.message);

let host: Identity;
let plugin: Identity;
before(async () => {
  const authority = selfSignedAuthority();
  [host, plugin] = await Promise.all([authority.issue(), authority.issue()]);
});

/** A listener of the plugin's that echoes what its clients say. */
interface Echo extends AsyncDisposable {
  readonly link: Link;
  readonly clients: readonly Duplex[];
}

async function openEcho(): Promise<Echo> {
  const link = await unix!.open();
  const clients: Duplex[] = [];
  secureListener(link.listener, mutualTls(plugin, host.certificatePem)).connection$.subscribe((client) => {
    clients.push(client);
    client.pipe(client);
  });
  const close = async () => {
    for (const client of clients) client.destroy();
    await link.close();
  };
  return { link, clients, [Symbol.asyncDispose]: close };
}

async function connectTo(link: Link, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({
    socket: await link.dialer.dial(),
    servername: 'localhost',
    rejectUnauthorized: false,
    ...options,
  });
  socket.on('error', () => {});
  return socket;
}

const hostCredentials = () => ({ key: host.keyPem, cert: host.certificatePem });

/** Whether the echo answers this socket, or closes it. */
async function isAnswered(socket: TLSSocket): Promise<boolean> {
  const answered = once(socket, 'data').then(
    () => true,
    () => false,
  );
  socket.write('hello');
  return await bounded('an answer or a close', Promise.race([answered, once(socket, 'close').then(() => false)]));
}

for (const [when, at, reason] of [
  ['before it is valid', '2020-01-01', /not valid yet/],
  ['after it has expired', '2099-01-01', /has expired/],
] as const)
  test(`the announced certificate is refused ${when}, by either end`, async (t) => {
    await using echo = await openEcho();
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse(at) });
    const dialer = secureDialer(echo.link.dialer, mutualTls(host, plugin.certificatePem));
    await assert.rejects(bounded('a refusal', dialer.dial()), isTls(reason));
    const socket = await connectTo(echo.link, hostCredentials());
    assert.equal(await isAnswered(socket), false);
    assert.equal(echo.clients.length, 0);
  });

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a stranger cannot resume a session that it was refused in`, async () => {
    await using echo = await openEcho();
    const versions = { minVersion: version, maxVersion: version } as const;
    const refused = await connectTo(echo.link, versions);
    let session: Buffer | undefined;
    refused.on('session', (ticket: Buffer) => (session = ticket));
    refused.once('secureConnect', () => (session ??= refused.getSession()));
    assert.equal(await isAnswered(refused), false);
    // In TLS 1.2 the connection is closed before the client has a session.
    if (session === undefined) return assert.equal(version, 'TLSv1.2');
    const resuming = await connectTo(echo.link, { ...versions, session });
    assert.equal(await isAnswered(resuming), false);
    assert.equal(echo.clients.length, 0);
  });

  test(`${version}: a host that resumes its own session is known again`, async () => {
    await using echo = await openEcho();
    const options = { ...hostCredentials(), minVersion: version, maxVersion: version } as const;
    const first = await connectTo(echo.link, options);
    const sessions: Buffer[] = [];
    first.on('session', (ticket: Buffer) => void sessions.push(ticket));
    assert.equal(await isAnswered(first), true);
    const session = sessions[0] ?? first.getSession();
    const second = await connectTo(echo.link, { ...options, ...(session === undefined ? {} : { session }) });
    assert.equal(await isAnswered(second), true);
    for (const socket of [first, second]) socket.destroy();
  });
}

test('nobody renegotiates: a certificate is compared once', async () => {
  await using echo = await openEcho();
  const socket = await connectTo(echo.link, { ...hostCredentials(), maxVersion: 'TLSv1.2' });
  assert.equal(await isAnswered(socket), true);
  assert.equal(
    socket.renegotiate({ rejectUnauthorized: false }, () => {}),
    true,
  );
  assert.equal(await isAnswered(socket), false);
  socket.destroy();
});

test('a certificate that cannot be read trusts nobody', async () => {
  await using echo = await openEcho();
  for (const unread of ['', 'no PEM at all'])
    await assert.rejects(
      bounded('a refusal', secureDialer(echo.link.dialer, mutualTls(host, unread)).dial()),
      isTls(/another certificate than the one that it announced/),
    );
});

for (const version of ['1.2', '1.3'])
  test(
    `TLS ${version}: a Go server that presents a copied certificate is refused, and sent nothing`,
    needsGo(),
    async () => {
      const impostor = join(await buildGo('test/interop/tls/go', ['impostor']), 'impostor');
      const directory = await mkdtemp(join(tmpdir(), 'i'));
      const [socket, certificate] = [join(directory, 's'), join(directory, 'cert.pem')];
      await writeFile(certificate, plugin.certificatePem);
      const child = spawn(impostor, [socket, certificate, version], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        assert.equal(String(await nextChunk(child.stdout)), 'listening\n');
        const dialer = secureDialer(
          dialerTo({ network: 'unix', address: socket }),
          mutualTls(host, plugin.certificatePem),
        );
        const received = nextChunk(child.stdout);
        await assert.rejects(bounded('a refusal', dialer.dial()), isTls(/failed/));
        assert.equal(String(await received), '0\n');
      } finally {
        child.kill();
        await once(child, 'exit');
        await rm(directory, { recursive: true });
      }
    },
  );

async function nextChunk(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const [chunk] = (await bounded('output', once(stream, 'data'))) as [Buffer];
  return chunk;
}
