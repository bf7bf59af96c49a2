import { X509Certificate } from 'node:crypto';
import { GrpcError } from '../../protocols/grpc/shared/errors.js';
import { status as Status } from '../../protocols/grpc/shared/grpc-js.js';
import { type Identity, selfSignedAuthority } from '../../transports/tls/certificate.js';
import { type Announced, certificateOf } from '../bench/announced.js';
import type { Bench } from '../bench/bench.js';
import { converse } from '../bench/conversation.js';
import { dialTls } from '../bench/dial.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const DOC = 'docs/wire/tls.md#automtls';
/** Starts until a certificate was seen whose length needs padding: one in three does not. */
const MAX_STARTS = 6;
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

/** T: AutoMTLS. A plugin that serves in clear text skips them all. */
export const TLS_ITEMS: readonly CheckItem[] = [
  {
    id: 'T-01',
    level: 'MUST',
    title: 'presents the certificate that it announces',
    expected: 'field 6 is the certificate of its TLS; without TLS it is empty',
    doc: DOC,
    run: presentsCertificate,
  },
  {
    id: 'T-02',
    level: 'MUST',
    title: 'writes its certificate without padding',
    expected: 'base64 without = in field 6, in up to 6 starts: not every length would have any',
    doc: DOC,
    run: writesNoPadding,
  },
  {
    id: 'T-03',
    level: 'MUST',
    title: 'has a certificate that hosts accept',
    expected: 'the name localhost, valid now, for servers and for clients (brokered connections)',
    doc: DOC,
    run: (bench) => withCertificate(bench, async (plugin) => judge(new X509Certificate(certificateOf(plugin)))),
  },
  {
    id: 'T-04',
    level: 'MUST',
    title: 'refuses a client without certificate',
    expected: 'no answer: otherwise every program of the user can call the plugin',
    doc: DOC,
    run: (bench) => withCertificate(bench, (plugin) => refuses(plugin, undefined)),
  },
  {
    id: 'T-05',
    level: 'MUST',
    title: 'refuses a client with another certificate',
    expected: 'no answer: only PLUGIN_CLIENT_CERT is trusted',
    doc: DOC,
    run: (bench) => withCertificate(bench, async (plugin) => refuses(plugin, await selfSignedAuthority().issue())),
  },
  {
    id: 'T-06',
    level: 'SHOULD',
    title: 'makes a key for each start',
    expected: 'two starts, two public keys',
    doc: DOC,
    run: makesKeys,
  },
  {
    id: 'T-07',
    level: 'MUST',
    title: 'speaks TLS 1.2 or newer, and h2',
    expected: 'no TLS 1.0 and 1.1; for gRPC the protocol h2 by ALPN',
    doc: 'docs/wire/tls.md#where-is-tls',
    run: (bench) => withCertificate(bench, (plugin) => speaksNewTls(bench, plugin)),
  },
];

async function withCertificate(bench: Bench, look: (plugin: Announced) => Promise<Finding>): Promise<Finding> {
  await using launched = await bench.launch();
  return launched.plugin.certificate === undefined ? inClearText() : await look(launched.plugin);
}

function inClearText(): Finding {
  return skipped('it serves in clear text');
}

async function presentsCertificate(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { plugin } = launched;
  if (plugin.certificate === undefined) {
    const socket = await dialTls(plugin, bench.identity).catch(() => undefined);
    socket?.destroy();
    return socket === undefined ? inClearText() : unmet('it speaks TLS, and announces no certificate');
  }
  const socket = await dialTls(plugin, bench.identity);
  const presented = socket.getPeerCertificate().raw;
  socket.destroy();
  return presented.equals(certificateOf(plugin)) ? met('the same') : unmet('it presents another one');
}

async function writesNoPadding(bench: Bench): Promise<Finding> {
  for (let start = 1; start <= MAX_STARTS; start += 1) {
    await using launched = await bench.launch();
    const { plugin } = launched;
    if (plugin.certificate === undefined) return inClearText();
    if (plugin.certificate.includes('=')) return unmet('with padding');
    if (certificateOf(plugin).length % 3 !== 0)
      return met(`without, in ${start === 1 ? '1 start' : `${start} starts`}`);
  }
  return met(`without, in ${MAX_STARTS} starts, none of which would have any`);
}

async function judge(certificate: X509Certificate): Promise<Finding> {
  const { subjectAltName = '', validFrom, validTo } = certificate;
  // The purposes; absent means any.
  const purposes: readonly string[] | undefined = certificate.keyUsage;
  const now = Date.now();
  const faults = [
    subjectAltName.split(', ').includes('DNS:localhost') ? '' : `its names are ${subjectAltName || 'none'}`,
    Date.parse(validFrom) <= now && now <= Date.parse(validTo) ? '' : `valid from ${validFrom} to ${validTo}`,
    purposes?.includes(SERVER_AUTHENTICATION) === false ? 'not for servers' : '',
    purposes?.includes(CLIENT_AUTHENTICATION) === false ? 'not for clients' : '',
  ].filter((fault) => fault !== '');
  return faults.length === 0 ? met(`until ${validTo}`) : unmet(faults.join('; '));
}

/** In TLS 1.3 the refusal comes after the handshake of the client, so that only an answer tells. */
async function refuses(plugin: Announced, identity: Identity | undefined): Promise<Finding> {
  try {
    await using conversation = await converse(plugin, { dial: () => dialTls(plugin, identity) });
    await conversation.ping();
    return unmet('the call was answered');
  } catch (error) {
    const { cause } = error as Error;
    const isAnswer = GrpcError.is(cause) && !NO_ANSWER.has(cause.status);
    return isAnswer ? unmet(`the call was answered: ${cause.statusName}`) : met('refused');
  }
}

const NO_ANSWER: ReadonlySet<number> = new Set([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED]);

async function makesKeys(bench: Bench): Promise<Finding> {
  const keys = new Set<string>();
  for (let start = 0; start < 2; start += 1) {
    await using launched = await bench.launch();
    if (launched.plugin.certificate === undefined) return inClearText();
    const { publicKey } = new X509Certificate(certificateOf(launched.plugin));
    keys.add(publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
  }
  return keys.size === 2 ? met('another key') : unmet('the same key');
}

async function speaksNewTls(bench: Bench, plugin: Announced): Promise<Finding> {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const outdated = await dialTls(plugin, bench.identity, old).catch(() => undefined);
  if (outdated !== undefined) {
    outdated.destroy();
    return unmet(`it speaks ${outdated.getProtocol()}`);
  }
  const socket = await dialTls(plugin, bench.identity);
  const version = socket.getProtocol() ?? 'TLS';
  const { alpnProtocol } = socket;
  socket.destroy();
  if (plugin.protocol === 'netrpc') return met(version);
  return alpnProtocol === 'h2' ? met(`${version}, h2`) : unmet(`${version}, without h2`);
}
