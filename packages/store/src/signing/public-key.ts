import { createPublicKey, type KeyObject } from 'node:crypto';
import { badKey } from './fail.js';
import { fromBase64, isComment, linesOf, MAX_COMMENT_BYTES, UNTRUSTED } from './text.js';

/** Before a key where the lock and options name a signer. */
const SCHEME = 'minisign:';

/** `Ed`, the key's number, the key. */
const KEY_BYTES = 42;
const MAX_FILE_BYTES = 2048;

/** A public key of minisign. */
export interface PublicKey {
  /** The line that names it everywhere: `RWQ…`, 56 characters. */
  readonly text: string;
  /** Its number, as minisign prints it: up to 16 hexadecimal digits. It is no digest of the key: two keys can have the same. */
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a public key: its line `RWQ…`, the file that minisign writes, or the name of a signer as the lock has it (`minisign:RWQ…`). Throws
 * StoreError ERR_KEY.
 */
export function parsePublicKey(text: string | Uint8Array): PublicKey {
  const line = keyLine(text);
  const raw = fromBase64(line, KEY_BYTES);
  if (raw === undefined || raw.toString('latin1', 0, 2) !== 'Ed')
    throw badKey(`${quote(line)} is no public key of minisign: expected 56 characters that begin with RW.`);
  return publicKey(raw.subarray(2, 10), raw.subarray(10));
}

/** Makes the key of its number, 8 bytes, and its 32 bytes. */
export function publicKey(number: Uint8Array, bytes: Uint8Array): PublicKey {
  const text = Buffer.concat([Buffer.from('Ed'), number, bytes]).toString('base64');
  return { text, id: keyId(number), bytes };
}

/** The number of a key, as minisign prints it: 8 bytes, the last first, without zeros in front. */
export function keyId(number: Uint8Array): string {
  return Buffer.from(number)
    .reverse()
    .toString('hex')
    .toUpperCase()
    .replace(/^0+(?=.)/, '');
}

/** The file of a public key, as minisign writes and reads it. */
export function formatPublicKey(key: PublicKey): string {
  return `${UNTRUSTED}minisign public key ${key.id}\n${key.text}\n`;
}

/** The name of a signer, as the lock has it. */
export function signerName(key: PublicKey): string {
  return SCHEME + key.text;
}

/** The keys of those of the signers that are minisign's. Throws StoreError ERR_KEY for one that is malformed. */
export function minisignKeys(signers: readonly string[]): PublicKey[] {
  return signers.filter((signer) => signer.startsWith(SCHEME)).map(parsePublicKey);
}

/** @internal The key for node:crypto. */
export function keyObject(key: PublicKey): KeyObject {
  const x = Buffer.from(key.bytes).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/**
 * The name of a signer, for `trust`, of a public key of minisign: its line `RWQ…`, or the text of its file `minisign.pub`. Throws StoreError
 * ERR_KEY for anything else.
 *
 * @example
 * ```ts
 * const trust = [minisignKey('RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3')];
 * ```
 */
export function minisignKey(text: string): string {
  return signerName(parsePublicKey(text));
}

function keyLine(text: string | Uint8Array): string {
  const lines = linesOf(text, MAX_FILE_BYTES);
  if (lines === undefined)
    throw badKey('The public key is no text, or too long: expected minisign.pub, or its second line.');
  if (lines.length === 1) return lines[0]!.startsWith(SCHEME) ? lines[0]!.slice(SCHEME.length) : lines[0]!;
  const [comment = '', line = ''] = lines;
  if (comment.includes('signify'))
    throw badKey(
      'This is a key of signify, whose signatures name nothing that they are of. Make one of minisign: `rxplug plugin keygen`.',
    );
  if (lines.length !== 2 || !comment.startsWith(UNTRUSTED) || !isComment(comment, MAX_COMMENT_BYTES))
    throw badKey(`The file is no public key of minisign: expected two lines, the first one \`${UNTRUSTED}…\`.`);
  return line;
}

function quote(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}
