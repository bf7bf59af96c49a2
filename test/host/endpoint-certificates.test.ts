import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BehaviorSubject, firstValueFrom } from 'rxjs';
import { type EndpointOptions, serveEndpoint } from '../../src/endpoint.js';
import { type Identity, selfSignedAuthority } from '../../src/grpc.js';
import { createClient, PluginError, type TlsConfig } from '../../src/index.js';
import { within } from '../support/defer.js';
import { identities, plugins, served } from '../support/endpoints.js';

const bounded = <T>(what: string, promise: Promise<T>): Promise<T> => within(20_000, what, promise);
const issue = (): Promise<Identity> => selfSignedAuthority().issue();
const tlsOf = (own: Identity, ca: Identity): TlsConfig => ({
  cert: own.certificatePem,
  key: own.keyPem,
  ca: ca.certificatePem,
});

/** Issued at another time; it is valid for thirty years. */
async function issuedAt(t: TestContext, date: string): Promise<Identity> {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse(date) });
  try {
    return await issue();
  } finally {
    t.mock.timers.reset();
  }
}

async function assertRefused(endpoint: EndpointOptions, message: RegExp): Promise<void> {
  await using client = createClient({ endpoint, plugins });
  const isIt = (error: unknown): boolean =>
    PluginError.is(error) && error.code === 'ERR_TLS' && message.test(error.message);
  await assert.rejects(bounded('the refusal', client.start()), isIt);
}

test('a certificate that cannot be used is an error that says what to do, at either end', async (t) => {
  const [own, host, stranger] = await Promise.all([issue(), issue(), issue()]);
  const old = await issuedAt(t, '1980-01-01');
  const young = await issuedAt(t, '2090-01-01');
  {
    await using serving = await served({ tls: tlsOf(own, host) });
    const { address } = serving;
    const of = (tls: EndpointOptions['tls'] & {}) => ({ address, tls });
    await assertRefused(of(tlsOf(host, stranger)), /not trusted here: give the CA that has signed it/);
    await assertRefused(
      of(tlsOf(stranger, own)),
      /refused this host's certificate.*Give the endpoint the CA that has signed/,
    );
    await assertRefused(of({ ca: own.certificatePem }), /This host has none.*set `cert` and `key` in `endpoint.tls`/);
    await assertRefused(
      of(() => tlsOf(old, own)),
      /It has expired \(.* 20\d\d GMT\): renew it/,
    );
    await assertRefused(
      of({ ...tlsOf(host, own), serverName: 'kv.example' }),
      /Set `serverName` to a name in the certificate/,
    );
  }
  for (const [other, message] of [
    [old, /certificate has expired\. It is the peer's: renew it there/],
    [young, /certificate is not yet valid\. It is the peer's: set the clock/],
  ] as const) {
    await using serving = await served({ tls: tlsOf(other, host) });
    await assertRefused({ address: serving.address, tls: tlsOf(host, other) }, message);
  }
  await using plain = await served();
  await assertRefused({ address: plain.address, tls: tlsOf(host, own) }, /The peer probably does not speak TLS/);
  const sealed = (): never => {
    throw new Error('the vault is sealed');
  };
  await assertRefused(
    { address: plain.address, tls: sealed },
    /`tls` has given no configuration: the vault is sealed\.$/,
  );
  await assertRefused({ address: plain.address, tls: (() => {}) as never }, /expected an object, got undefined\.$/);
});

test('an address that is not of this machine alone is refused with a whole message', async () => {
  const beyond = (what: string, address: string): string =>
    `Expected ${what} to have \`tls\`, since ${address} is beyond this machine: without it anybody on the way reads and changes what is said. ` +
    'Set `allowInsecure: true` if something else protects the connection.';
  for (const address of ['0.0.0.0:7443', '[::]:7443', '10.0.0.1:7443', 'kv.example:7443', '127.0.0.1.nip.io:7443']) {
    assert.throws(() => createClient({ endpoint: { address }, plugins }), { message: beyond('`endpoint`', address) });
    await assert.rejects(served({ address }), { message: beyond('serveEndpoint', address) });
  }
  await assert.rejects(served({ address: ':7443' }), {
    message:
      'Expected `address` of serveEndpoint to name a host, got ":7443": `0.0.0.0:7443` is every interface, `localhost:7443` this machine alone.',
  });
  await assert.rejects(
    serveEndpoint({ address: 'kv.invalid:0', allowInsecure: true, plugins: {} }),
    /ENOTFOUND kv\.invalid/,
  );
  await using client = createClient({ endpoint: { address: 'kv.invalid:1', allowInsecure: true }, plugins });
  await assert.rejects(client.start(), /The name has no address here: check it, and the name service of this machine/);
});

test('while certificates of both ends are replaced, calls go on, and new connections need the new ones', async () => {
  const rotations = await Promise.all([identities(), identities(), identities()]);
  const server$ = new BehaviorSubject(rotations[0]!.server);
  let { client: own } = rotations[0]!;
  await using serving = await served({ tls: server$ });
  const { address } = serving;
  await using client = createClient({ endpoint: { address, tls: () => own }, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  const running = new AbortController();
  let answered = 0;
  const lane = async (): Promise<void> => {
    for (; !running.signal.aborted; answered += 1) await firstValueFrom(kv.get({ key: 'k' }));
  };
  const lanes = Promise.all(Array.from({ length: 8 }, lane));
  for (const [index, rotation] of rotations.slice(1).entries()) {
    server$.next(rotation.server);
    own = rotation.client;
    const before = answered;
    await using another = createClient({ endpoint: { address, tls: () => own }, plugins });
    await bounded('another connection', another.start());
    await another.ping();
    await assertRefused({ address, tls: rotations[index]!.client }, /not trusted here/);
    while (answered < before + 100) await firstValueFrom(kv.get({ key: 'k' }));
  }
  running.abort();
  await bounded('the last calls', lanes);
});
