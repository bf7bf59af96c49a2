import { decodeBase64 } from '../../wire/base64.js';
import type { Address } from '../../wire/handshake/address.js';
import { isDerSequence } from '../../wire/handshake/der.js';
import type { ProtocolName } from '../../wire/handshake/handshake-line.js';
import { quoteText } from '../../wire/quote.js';

/** A handshake line as it was written: items look at its fields one by one, so that a wrong one fails the item that it belongs to. */
export interface Announced {
  /** Without the line break. */
  readonly line: string;
  readonly fields: readonly string[];
  readonly version: number;
  readonly address: Address;
  readonly protocol: ProtocolName;
  /** Field 6, if it is long enough to be a certificate. */
  readonly certificate: string | undefined;
  /** From the start of the process to the line. */
  readonly ms: number;
}

/** go-plugin ignores what is shorter (client.go Start). */
const MIN_CERTIFICATE_CHARS = 50;

/** Whether a line is meant to be a handshake, right or wrong. */
export function looksLikeHandshake(line: string): boolean {
  return /^\s*\d+\|[^|]*\|[^|]*\|/.test(line);
}

/** The fields of a line that `looksLikeHandshake`. */
export function announced(line: string, ms: number): Announced {
  const fields = line.trim().split('|');
  const [, version = '', network = '', address = '', protocol = 'netrpc', certificate = ''] = fields;
  return {
    line,
    fields,
    version: Number(version),
    address: { network: network === 'tcp' ? 'tcp' : 'unix', address },
    protocol: protocol === 'grpc' ? 'grpc' : 'netrpc',
    certificate: certificate.length > MIN_CERTIFICATE_CHARS ? certificate : undefined,
    ms,
  };
}

/** The announced certificate in DER, with or without padding. Throws for what is none. */
export function certificateOf({ certificate = '' }: Announced): Uint8Array {
  const der = decodeBase64(certificate.replace(/=+$/, ''));
  if (der !== undefined && isDerSequence(der)) return der;
  throw new Error(`field 6 is no certificate: ${quoteText(certificate, 60)}`);
}
