import { badSignature } from './fail.js';
import { keyId } from './public-key.js';
import { fromBase64, isComment, linesOf, MAX_COMMENT_BYTES, UNTRUSTED } from './text.js';

/** The algorithm, the key's number, the signature. */
const SIGNATURE_BYTES = 74;
const GLOBAL_BYTES = 64;
const TRUSTED = 'trusted comment: ';

/** As minisign. */
export const MAX_TRUSTED_COMMENT_BYTES = 8192;
const MAX_FILE_BYTES = 16_384;

/** A signature as its file has it: nothing of it is verified. */
export interface Signature {
  /** Of the bytes themselves, in place of their BLAKE2b: what minisign wrote before its version 0.10. */
  readonly isLegacy: boolean;
  /** The number of the key that it names. */
  readonly keyId: string;
  /** 64 bytes, of the message or of its hash. */
  readonly bytes: Uint8Array;
  readonly trustedComment: string;
  /** 64 bytes, of the first signature and the trusted comment. */
  readonly global: Uint8Array;
}

/** Reads a file `….minisig`, exactly as minisign writes it. Throws StoreError ERR_SIGNATURE. */
export function parseSignature(file: string | Uint8Array): Signature {
  const lines = linesOf(file, MAX_FILE_BYTES);
  if (lines === undefined) throw malformed('it is no text, or too long');
  if (lines.length === 2 && lines[0]!.includes('signify'))
    throw malformed('it is one of signify, which names nothing that it is of');
  if (lines.length !== 4) throw malformed(`it has ${lines.length} lines`);
  const [untrusted, signature, trusted, global] = lines as [string, string, string, string];
  if (!untrusted.startsWith(UNTRUSTED) || !isComment(untrusted, MAX_COMMENT_BYTES))
    throw malformed(`its first line is not \`${UNTRUSTED}…\``);
  if (!trusted.startsWith(TRUSTED) || !isComment(trusted, MAX_TRUSTED_COMMENT_BYTES))
    throw malformed(`its third line is not \`${TRUSTED}…\``);
  return { ...signatureLine(signature), trustedComment: trusted.slice(TRUSTED.length), global: globalLine(global) };
}

/** The file of a signature. `number` is the key's, 8 bytes. */
export function formatSignature(
  number: Uint8Array,
  { bytes, trustedComment, global }: Pick<Signature, 'bytes' | 'trustedComment' | 'global'>,
  untrustedComment: string,
): string {
  const line = Buffer.concat([Buffer.from('ED'), number, bytes]).toString('base64');
  return `${UNTRUSTED}${untrustedComment}\n${line}\n${TRUSTED}${trustedComment}\n${Buffer.from(global).toString('base64')}\n`;
}

function signatureLine(line: string): Pick<Signature, 'isLegacy' | 'keyId' | 'bytes'> {
  const raw = fromBase64(line, SIGNATURE_BYTES);
  if (raw === undefined) throw malformed(`its second line is not the base64 of ${SIGNATURE_BYTES} bytes`);
  const algorithm = raw.toString('latin1', 0, 2);
  if (algorithm !== 'ED' && algorithm !== 'Ed') throw malformed('its algorithm is not Ed25519');
  return { isLegacy: algorithm === 'Ed', keyId: keyId(raw.subarray(2, 10)), bytes: raw.subarray(10) };
}

function globalLine(line: string): Uint8Array {
  const raw = fromBase64(line, GLOBAL_BYTES);
  if (raw === undefined) throw malformed(`its fourth line is not the base64 of ${GLOBAL_BYTES} bytes`);
  return raw;
}

function malformed(reason: string) {
  return badSignature(`The signature is malformed: ${reason}. Expected the four lines that minisign writes.`);
}
