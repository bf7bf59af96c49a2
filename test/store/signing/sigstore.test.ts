import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { OptionsError } from 'rxplug';
import type { Digest } from '../../../packages/store/src/digest.js';
import { releaseStatement } from '../../../packages/store/src/signing/release-statement.js';
import { sigstoreSigner } from '../../../packages/store/src/signing/sigstore-identity.js';
import { type SigstoreOptions, sigstoreVerifier } from '../../../packages/store/src/signing/sigstore-verifier.js';
import { formatSums } from '../../../packages/store/src/signing/sums.js';
import { type BundleOptions, type Identity, type Instance, sigstoreInstance } from '../support/sigstore.js';
import { fails } from '../support/store-rig.js';

const ISSUER = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'https://github.com/acme/kv/.github/workflows/release.yml@refs/tags/';
const CI: Identity = { issuer: ISSUER, subject: `${WORKFLOW}v1.4.2` };
const DIGEST: Digest = `sha256:${'9c'.repeat(32)}`;
const SUMS = Buffer.from(formatSums(new Map([['kv_1.4.2_linux-x64.tgz', DIGEST]])));
const RELEASE = { name: 'acme/kv', version: '1.4.2', sums: SUMS };
const STATEMENT = releaseStatement(RELEASE);

let sigstore: Instance;
before(async () => {
  sigstore = await sigstoreInstance();
});

const verifierOf = (identity: SigstoreOptions['identity'] = CI) =>
  sigstoreVerifier({ trustedRoot: sigstore.trustedRoot, identity });

/** A release with a bundle of this statement. */
async function signed(statement = STATEMENT, identity = CI, options?: BundleOptions) {
  return { ...RELEASE, signature: Buffer.from(await sigstore.sign(statement, identity, options)) };
}

/** The statement with other fields, as its own JSON. */
function changed(fields: object): string {
  return JSON.stringify({ ...(JSON.parse(STATEMENT) as object), ...fields });
}

async function refused(release: Awaited<ReturnType<typeof signed>>, message: RegExp): Promise<void> {
  await assert.rejects(verifierOf().verify(release), fails('ERR_SIGNATURE', message));
}

describe('who has signed', () => {
  test('is told, for a trusted root as JSON and as text', async () => {
    const signer = `sigstore:${ISSUER}#${WORKFLOW}v1.4.2`;
    assert.equal(sigstoreSigner(CI), signer);
    assert.deepEqual(await verifierOf().verify(await signed()), { signer });
    assert.deepEqual(await verifierOf().verify(await signed(), [`minisign:RWQ`, signer]), { signer });
    const trustedRoot = JSON.stringify(sigstore.trustedRoot);
    assert.deepEqual(await sigstoreVerifier({ trustedRoot, identity: CI }).verify(await signed()), { signer });
  });

  test('has to be the demanded subject and issuer, exactly', async () => {
    const others = [
      { ...CI, subject: `${CI.subject}1` },
      { ...CI, subject: 'https://github.com/impostor/kv/.github/workflows/release.yml@refs/tags/v1.4.2' },
      { ...CI, issuer: 'https://accounts.example' },
      { ...CI, issuer: `${ISSUER}/` },
    ];
    for (const other of others)
      await refused(await signed(STATEMENT, other), /^The signature is by "http.* Expected one by "http/);
  });

  test('has to match all of a RegExp, whatever its flags, and the issuer too', async () => {
    const release = await signed();
    for (const subject of [/https:.*v1\.4\.2/, /^https:.*v[\d.]+$/gm, /none|https:.*/y]) {
      const verifier = verifierOf({ issuer: ISSUER, subject });
      for (let time = 0; time < 2; time++)
        assert.deepEqual(await verifier.verify(release), { signer: sigstoreSigner(CI) });
      const elsewhere = verifierOf({ issuer: 'https://accounts.example', subject });
      await assert.rejects(elsewhere.verify(release), fails('ERR_SIGNATURE', /Expected one by \//));
    }
    for (const subject of [/acme\/kv/, /https:/g, /^https:|2$/])
      await assert.rejects(
        verifierOf({ issuer: ISSUER, subject }).verify(release),
        fails('ERR_SIGNATURE', /Expected one by \//),
      );
  });

  test('has to be trusted; a signer of the same RegExp is, as the one of another version', async () => {
    const release = await signed();
    const byTag = verifierOf({ issuer: ISSUER, subject: new RegExp(`${WORKFLOW}v.*`) });
    const former = sigstoreSigner({ ...CI, subject: `${WORKFLOW}v1.0.0` });
    assert.deepEqual(await byTag.verify(release, [former]), { signer: sigstoreSigner(CI) });
    const unrelated = sigstoreSigner({ ...CI, subject: 'https://github.com/other' });
    for (const [verifier, trusted] of [
      [byTag, [unrelated]],
      [verifierOf(), [former]],
      [byTag, []],
      [byTag, ['minisign:RWQ']],
    ] as const)
      await assert.rejects(verifier.verify(release, trusted), fails('ERR_SIGNATURE', /no trusted signer is of this/));
    for (const odd of ['sigstore:', 'sigstore:https://x', 'sigstore:#x', 'sigstore:https://x#', 'sigstore:%#x'])
      await assert.rejects(byTag.verify(release, [odd]), fails('ERR_KEY', /is no signer of sigstore/));
  });

  test('is one word, as the lock demands, and is read back', async () => {
    const odd = { issuer: 'https://x.example/#é', subject: 'https://x.example/a b#c%20d' };
    assert.equal(sigstoreSigner(odd), 'sigstore:https://x.example/%23%C3%A9#https://x.example/a%20b#c%2520d');
    const identity = { ...odd, issuer: ISSUER };
    const release = await signed(STATEMENT, identity);
    const signer = sigstoreSigner(identity);
    assert.deepEqual(await verifierOf(identity).verify(release, [signer]), { signer });
  });
});

describe('what is signed', () => {
  test('is the statement, also as cosign writes it', async () => {
    const digest = (JSON.parse(STATEMENT) as { subject: { digest: object }[] }).subject[0]!.digest;
    const cosigns = changed({
      _type: 'https://in-toto.io/Statement/v0.1',
      subject: [{ name: 'kv_1.4.2_SHA256SUMS', digest }],
    });
    assert.deepEqual(await verifierOf().verify(await signed(cosigns)), { signer: sigstoreSigner(CI) });
  });

  test('is this list', async () => {
    const sums = Buffer.from(SUMS.toString().replace('9c', '9d'));
    await refused({ ...(await signed()), sums }, /the list was changed/);
  });

  test('is this plugin in this version', async () => {
    const old = await signed(releaseStatement({ ...RELEASE, version: '1.4.1' }));
    await refused(old, /is of "acme\/kv" "1\.4\.1", and not of acme\/kv 1\.4\.2/);
    await refused(await signed(releaseStatement({ ...RELEASE, name: 'acme/other' })), /is of "acme\/other"/);
  });

  test('is not the list by itself', async () => {
    const signature = Buffer.from(await sigstore.signMessage(SUMS, CI));
    await refused({ ...RELEASE, signature }, /nothing in it names the plugin and the version.*attest-blob/);
  });

  test('has no other form', async () => {
    const { subject, predicate } = JSON.parse(STATEMENT) as { subject: object[]; predicate: object };
    const odd: [string, RegExp][] = [
      ['none', /it is no JSON/],
      ['[]', /its _type is undefined/],
      [STATEMENT + ' '.repeat(16_384), /too long/],
      [changed({ _type: 'https://in-toto.io/Statement/v2' }), /its _type/],
      [changed({ predicateType: 'https://slsa.dev/provenance/v1' }), /its predicateType is "https:\/\/slsa/],
      [changed({ subject: [] }), /not exactly one subject/],
      [changed({ subject: [...subject, ...subject] }), /not exactly one subject/],
      [changed({ subject: [null] }), /its subject is undefined/],
      [changed({ subject: [{ ...subject[0], name: 'kv.tgz' }] }), /its subject is "kv\.tgz"/],
      [changed({ subject: [{ ...subject[0], digest: { sha512: 'aa' } }] }), /has no SHA-256/],
      [changed({ predicate: null }), /its predicate is not/],
      [changed({ predicate: { ...predicate, more: 1 } }), /its predicate is not/],
      [changed({ predicate: { name: 'acme/kv', version: 1 } }), /its predicate is not/],
    ];
    for (const [statement, message] of odd) await refused(await signed(statement), message);
    await refused(await signed(STATEMENT, CI, { payloadType: 'text/plain' }), /its payload is "text\/plain"/);
  });

  test('a statement is only made of a release', () => {
    assert.throws(() => releaseStatement({ ...RELEASE, version: '1 2' }), OptionsError);
    assert.throws(() => releaseStatement({ ...RELEASE, name: undefined as never }), OptionsError);
    assert.throws(() => releaseStatement({ ...RELEASE, sums: 'x' as never }), OptionsError);
    assert.throws(() => releaseStatement({ ...RELEASE, sums: Buffer.from('x') }), fails('ERR_SIGNATURE'));
  });
});

describe('a bundle', () => {
  /** What a change of its JSON gives. */
  const edited = async (change: (bundle: Json) => void) => {
    const release = await signed();
    const bundle = JSON.parse(release.signature.toString()) as Json;
    change(bundle);
    return { ...release, signature: Buffer.from(JSON.stringify(bundle)) };
  };

  test('of another instance of sigstore is refused', async () => {
    const other = await sigstoreInstance();
    const signature = Buffer.from(await other.sign(STATEMENT, CI));
    await refused(
      { ...RELEASE, signature },
      /does not hold by the trusted root: .*take the present trusted_root\.json/,
    );
  });

  test('without an entry of the log is refused', async () => {
    await refused(await signed(STATEMENT, CI, { unlogged: true }), /does not hold by the trusted root/);
  });

  test('that was changed is refused, wherever it was', async () => {
    const other = JSON.parse(
      (await signed(changed({ predicate: { name: 'acme/kv', version: '6.6.6' } }))).signature.toString(),
    ) as Json;
    const changes: ((bundle: Json) => void)[] = [
      (bundle) => (bundle.dsseEnvelope.payload = other.dsseEnvelope.payload),
      (bundle) => (bundle.dsseEnvelope.signatures = other.dsseEnvelope.signatures),
      (bundle) => (bundle.verificationMaterial.certificate = other.verificationMaterial.certificate),
      (bundle) => (bundle.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries),
      ({ verificationMaterial: { tlogEntries } }) => (tlogEntries[0]!.integratedTime = '1000000000'),
      ({ verificationMaterial: { tlogEntries } }) => delete tlogEntries[0]!.inclusionPromise,
    ];
    for (const change of changes) await refused(await edited(change), /does not hold by the trusted root/);
  });

  test('without a certificate, or with a flood of proofs, is refused', async () => {
    const withKey = (bundle: Json) => {
      delete bundle.verificationMaterial.certificate;
      bundle.verificationMaterial.publicKey = { hint: 'x' };
    };
    await refused(await edited(withKey), /has a key and no certificate/);
    const flood = ({ verificationMaterial: { tlogEntries } }: Json) =>
      tlogEntries.push(...Array(8).fill(tlogEntries[0]));
    await refused(await edited(flood), /more than 8/);
  });

  test('that is none is refused', async () => {
    const garbage = [
      '',
      'none',
      'null',
      '{}',
      '[]',
      '1',
      '"x"',
      '{"mediaType":',
      '{"verificationMaterial":1}',
      '\u0000',
    ];
    const files = [
      ...garbage.map((text) => Buffer.from(text)),
      Buffer.from([0xff, 0xfe]),
      Buffer.alloc(1_048_577, ' '),
    ];
    for (const signature of files)
      await refused({ ...RELEASE, signature }, /is no bundle of sigstore that can be used/);
    const bundle = (await signed()).signature;
    for (let length = 0; length < bundle.length; length += 97)
      await refused({ ...RELEASE, signature: bundle.subarray(0, length) }, /is no bundle/);
  });
});

describe('options', () => {
  test('that make no sense are refused at once', () => {
    const odd: [object | undefined, RegExp][] = [
      [undefined, /`trustedRoot`/],
      [{ identity: CI }, /Expected `trustedRoot` to be/],
      [{ identity: CI, trustedRoot: '{' }, /`trustedRoot` is no JSON/],
      [{ identity: CI, trustedRoot: '1' }, /Expected `trustedRoot` to be/],
      [{ trustedRoot: {} }, /Expected `issuer`/],
      [{ trustedRoot: {}, identity: { issuer: '', subject: 'x' } }, /Expected `issuer`/],
      [{ trustedRoot: {}, identity: { issuer: ISSUER } }, /Expected `subject`/],
      [{ trustedRoot: {}, identity: { issuer: ISSUER, subject: 'x\n' } }, /Expected `subject`/],
    ];
    for (const [options, message] of odd)
      assert.throws(
        () => sigstoreVerifier(options as never),
        (error) => error instanceof OptionsError && message.test(error.message),
      );
    assert.throws(() => sigstoreSigner({ issuer: ISSUER, subject: /x/ as never }), OptionsError);
  });

  test('a trusted root without authorities is refused when it is used', async () => {
    for (const trustedRoot of [
      {},
      [],
      { ...sigstore.trustedRoot, tlogs: [] },
      { ...sigstore.trustedRoot, ctlogs: [{}] },
    ])
      await assert.rejects(
        sigstoreVerifier({ trustedRoot, identity: CI }).verify(await signed()),
        fails('ERR_KEY', /`trustedRoot` cannot be used: .* Expected the content of a trusted_root\.json\.$/),
      );
  });

  test('without the packages of sigstore, what to install is told', async () => {
    const module = new URL('../../../packages/store/src/signing/sigstore-verifier.js', import.meta.url);
    const hook = `export const resolve = (name, context, next) => {
      if (name.startsWith('@sigstore/')) throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    };`;
    const program = `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
      const { sigstoreVerifier } = await import(${JSON.stringify(module.href)});
      const verifier = sigstoreVerifier({ trustedRoot: {}, identity: { issuer: 'x', subject: 'x' } });
      await verifier.verify({}).catch(({ name, code, message }) => console.log(name, code, message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: process.cwd(),
    });
    assert.match(stdout, /^StoreError ERR_SIGNATURE The packages of sigstore could not be loaded: Cannot find package/);
    assert.match(stdout, /`npm install @sigstore\/verify@3 @sigstore\/bundle@4 @sigstore\/protobuf-specs@0\.5`/);
  });
});

/** The JSON of a bundle, as far as it is changed. */
interface Json {
  dsseEnvelope: { payload: string; signatures: object[] };
  verificationMaterial: {
    certificate?: object | undefined;
    publicKey?: object;
    tlogEntries: { integratedTime: string; inclusionPromise?: object }[];
  };
}
