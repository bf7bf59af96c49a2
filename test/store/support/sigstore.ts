/** An instance of sigstore without a network: its authorities, and bundles as its clients write them. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { type Bundle, bundleToJSON, toDSSEBundle, toMessageSignatureBundle } from '@sigstore/bundle';
import { initializeCA, initializeCTLog, initializeTLog } from '@sigstore/mock';
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';

const ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';
const ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';
const IN_TOTO = 'application/vnd.in-toto+json';

/** Who signs. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** What a bundle holds besides the signature of a statement. */
export interface BundleOptions {
  /** What the envelope says of its payload. */
  readonly payloadType?: string;
  /** Does not log the signature. */
  readonly unlogged?: boolean;
}

/** An instance of sigstore. */
export interface Instance {
  /** The parsed JSON of its `trusted_root.json`. */
  readonly trustedRoot: object;
  /** Signs a statement, and gives the JSON of the bundle. */
  sign(statement: string, identity: Identity, options?: BundleOptions): Promise<string>;
  /** Signs bytes by themselves, as `cosign sign-blob`. */
  signMessage(message: Uint8Array, identity: Identity): Promise<string>;
}

/** Makes an instance with authorities of its own. */
export async function sigstoreInstance(): Promise<Instance> {
  const ctlog = await initializeCTLog(keyPair());
  const ca = await initializeCA(keyPair(), ctlog);
  const tlog = await initializeTLog('https://rekor.example', keyPair());
  const certificateOf = async ({ issuer, subject }: Identity, publicKey: Buffer): Promise<Buffer> => {
    const extensions = [
      { oid: ISSUER_V1, value: issuer, legacy: true },
      { oid: ISSUER_V2, value: issuer },
    ];
    const issued = await ca.issueCertificate({ publicKey: der(publicKey), subjectAltName: subject, extensions });
    return bytesOf(issued);
  };
  const signed = async (bytes: Buffer, identity: Identity) => {
    const { publicKey, privateKey } = keyPair();
    const certificate = await certificateOf(identity, publicKey.export({ format: 'der', type: 'spki' }));
    return { certificate, signature: sign('sha256', bytes, privateKey) };
  };
  return {
    trustedRoot: trustedRootOf(bytesOf(ca.rootCertificate), tlog.publicKey, ctlog.publicKey),
    sign: async (statement, identity, { payloadType = IN_TOTO, unlogged = false } = {}) => {
      const artifact = Buffer.from(statement);
      const { certificate, signature } = await signed(preAuthEncoding(payloadType, artifact), identity);
      const bundle = toDSSEBundle({ artifact, artifactType: payloadType, signature, certificate });
      if (!unlogged) await log(bundle, tlog, dsseEntry(artifact, signature, certificate));
      return JSON.stringify(bundleToJSON(bundle));
    },
    signMessage: async (message, identity) => {
      const { certificate, signature } = await signed(Buffer.from(message), identity);
      const bundle = toMessageSignatureBundle({ digest: sha256(message), signature, certificate });
      await log(bundle, tlog, hashedEntry(message, signature, certificate));
      return JSON.stringify(bundleToJSON(bundle));
    },
  };
}

/** The answer of Rekor. */
interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

async function log(bundle: Bundle, tlog: Awaited<ReturnType<typeof initializeTLog>>, entry: RekorEntry): Promise<void> {
  const answer = (await tlog.log(entry)) as unknown as Readonly<Record<string, LogEntry>>;
  const { body, integratedTime, logID, logIndex, verification } = Object.values(answer)[0]!;
  const { inclusionProof: proof, signedEntryTimestamp } = verification;
  bundle.verificationMaterial.tlogEntries.push({
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, 'hex') },
    kindVersion: { kind: entry.kind, version: entry.apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: Buffer.from(signedEntryTimestamp, 'base64') },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: Buffer.from(proof.rootHash, 'hex'),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: Buffer.from(body, 'base64'),
  });
}

/** What Rekor is asked to log. */
interface RekorEntry {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: object;
}

function dsseEntry(payload: Buffer, signature: Buffer, certificate: Buffer): RekorEntry {
  const signatures = [{ signature: signature.toString('base64'), verifier: pem(certificate) }];
  const payloadHash = { algorithm: 'sha256', value: sha256(payload).toString('hex') };
  return { kind: 'dsse', apiVersion: '0.0.1', spec: { signatures, payloadHash } };
}

function hashedEntry(message: Uint8Array, signature: Buffer, certificate: Buffer): RekorEntry {
  const spec = {
    data: { hash: { algorithm: 'sha256', value: sha256(message).toString('hex') } },
    signature: { content: signature.toString('base64'), publicKey: { content: pem(certificate) } },
  };
  return { kind: 'hashedrekord', apiVersion: '0.0.1', spec };
}

function trustedRootOf(certificate: Buffer, tlogKey: Buffer, ctlogKey: Buffer): object {
  const validFor = { start: new Date(0) };
  const logOf = (baseUrl: string, rawBytes: Buffer) => ({
    baseUrl,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor },
    logId: { keyId: sha256(rawBytes) },
    checkpointKeyId: undefined,
    operator: '',
  });
  return TrustedRoot.toJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [
      {
        subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
        uri: 'https://fulcio.example',
        certChain: { certificates: [{ rawBytes: certificate }] },
        validFor,
        operator: '',
      },
    ],
    tlogs: [logOf('https://rekor.example', tlogKey)],
    ctlogs: [logOf('https://ctlog.example', ctlogKey)],
    timestampAuthorities: [],
  }) as object;
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** What DSSE signs. */
function preAuthEncoding(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

function pem(certificate: Buffer): string {
  const text = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return Buffer.from(text).toString('base64');
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function der(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
