import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { blake2b256 } from './blake2b.js';
import { badKey } from './fail.js';
import { type PublicKey, publicKey } from './public-key.js';
import { deriveStream, type KdfLimits, SENSITIVE } from './scrypt.js';
import { fromBase64, isComment, linesOf, MAX_COMMENT_BYTES, UNTRUSTED } from './text.js';

/** The algorithms 2 × 3, the salt, the two limits; then what the password encrypts: the key's number, seed, public key, checksum. */
const FILE_BYTES = 158;
const SALT_BYTES = 32;
const SECRET_BYTES = 104;
const MAX_FILE_BYTES = 2048;
const PLAIN = '\0\0';
const SCRYPT = 'Sc';

/** Of RFC 8410: what stands before a seed of Ed25519 in PKCS #8. */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A secret key of minisign, decrypted. */
export interface SecretKey {
  readonly publicKey: PublicKey;
  /** 8 bytes. */
  readonly number: Uint8Array;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

/** How the file of a secret key is protected. */
export interface SecretKeyOptions {
  /** Without one the key is written as it is. */
  readonly password?: string;
  /** What it costs to try a password. @default as minisign: 1 GiB of memory, about four seconds */
  readonly limits?: KdfLimits;
}

/** Makes a key. */
export function generateKey(): SecretKey {
  return secretKey(randomBytes(8), randomBytes(32));
}

/**
 * Reads the file of a secret key of minisign. The password is only asked for when the key is encrypted. Rejects with StoreError ERR_KEY,
 * also for a wrong password.
 */
export async function parseSecretKey(text: string, password?: () => Promise<string> | string): Promise<SecretKey> {
  const raw = secretBytes(text);
  const kdf = raw.toString('latin1', 2, 4);
  if (kdf === PLAIN) return opened(raw.subarray(54), false);
  if (kdf !== SCRYPT)
    throw badKey('The secret key is encrypted with something else than scrypt, which minisign takes.');
  if (password === undefined) throw badKey('The secret key is encrypted, and no password was given.');
  const limits = { operations: limitAt(raw, 38), memoryBytes: limitAt(raw, 46) };
  const stream = await deriveStream(await password(), raw.subarray(6, 6 + SALT_BYTES), SECRET_BYTES, limits);
  return opened(xor(raw.subarray(54), stream), true);
}

/** The file of a secret key, as minisign writes and reads it. */
export async function formatSecretKey(key: SecretKey, { password, limits }: SecretKeyOptions = {}): Promise<string> {
  const secret = Buffer.concat([key.number, key.seed, key.publicKey.bytes]);
  const head = Buffer.alloc(FILE_BYTES - SECRET_BYTES);
  head.write(`Ed${password === undefined ? PLAIN : SCRYPT}B2`, 'latin1');
  let rest: Buffer = Buffer.concat([secret, password === undefined ? Buffer.alloc(32) : checksumOf(secret)]);
  if (password !== undefined) {
    const salt = randomBytes(SALT_BYTES);
    const cost = { ...SENSITIVE, ...limits };
    head.set(salt, 6);
    head.writeBigUInt64LE(BigInt(cost.operations), 38);
    head.writeBigUInt64LE(BigInt(cost.memoryBytes), 46);
    rest = xor(rest, await deriveStream(password, salt, SECRET_BYTES, cost));
  }
  return `${UNTRUSTED}minisign encrypted secret key\n${Buffer.concat([head, rest]).toString('base64')}\n`;
}

/** @internal The key for node:crypto. */
export function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_SEED, seed]), format: 'der', type: 'pkcs8' });
}

function secretKey(number: Uint8Array, seed: Uint8Array): SecretKey {
  const { x } = createPublicKey(privateKeyObject(seed)).export({ format: 'jwk' });
  return { publicKey: publicKey(number, Buffer.from(x!, 'base64url')), number, seed };
}

function secretBytes(text: string): Buffer {
  const lines = linesOf(text, MAX_FILE_BYTES);
  const [comment = '', line = ''] = lines ?? [];
  if (comment.includes('signify'))
    throw badKey('This is a key of signify. Make one of minisign: `rxplug plugin keygen`.');
  const raw = fromBase64(line, FILE_BYTES);
  const isFile = lines?.length === 2 && comment.startsWith(UNTRUSTED) && isComment(comment, MAX_COMMENT_BYTES);
  if (!isFile || raw === undefined || raw.toString('latin1', 0, 2) !== 'Ed' || raw.toString('latin1', 4, 6) !== 'B2')
    throw badKey(
      'The file is no secret key of minisign: expected the two lines that `minisign -G` and `rxplug plugin keygen` write.',
    );
  return raw;
}

/** A file without a password has a checksum of zeros. */
function opened(secret: Buffer, isEncrypted: boolean): SecretKey {
  const [key, checksum] = [secret.subarray(0, 72), secret.subarray(72)];
  const isUnchecked = !isEncrypted && checksum.equals(Buffer.alloc(32));
  if (!isUnchecked && !timingSafeEqual(checksumOf(key), checksum))
    throw badKey(
      isEncrypted
        ? 'The password is not the one of this secret key.'
        : 'The secret key is damaged: its checksum is another.',
    );
  const made = secretKey(key.subarray(0, 8), key.subarray(8, 40));
  if (!Buffer.from(made.publicKey.bytes).equals(key.subarray(40)))
    throw badKey('The secret key is damaged: the public key in it is not its own.');
  return made;
}

function checksumOf(key: Uint8Array): Buffer {
  return blake2b256(Buffer.concat([Buffer.from('Ed'), key]));
}

/** More than a number holds is more than is taken. */
function limitAt(raw: Buffer, offset: number): number {
  return Number(raw.readBigUInt64LE(offset));
}

function xor(bytes: Uint8Array, stream: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ stream[index]!));
}
