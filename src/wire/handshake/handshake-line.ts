import { HandshakeError, OptionsError } from '../../errors.js';
import { encodeBase64 } from '../base64.js';
import { trimGoSpace } from '../go-text.js';
import { quoteText, truncateText } from '../quote.js';
import type { Address } from './address.js';
import { explainFirstLine } from './tool-banner.js';

/** Field 1 of the handshake line; the only version that exists (go-plugin client.go CoreProtocolVersion). */
export const CORE_PROTOCOL_VERSION = 1;

const SHAPE = '"CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE"';
const MIN_FIELDS = 4;
const MAX_FIELDS = 7;

/** Field 5 of the handshake line. */
export type ProtocolName = 'grpc' | 'netrpc';

/** The fields of a handshake line as they were printed, not validated. Absent fields are undefined. */
export interface HandshakeFields {
  readonly coreVersion: string;
  readonly appVersion: string;
  readonly network: string;
  readonly address: string;
  readonly protocol?: string;
  readonly serverCertificate?: string;
  readonly multiplexing?: string;
}

/**
 * Splits a handshake line into its fields without validating them. Throws HandshakeError ERR_HANDSHAKE_UNRECOGNIZED for fewer than four.
 *
 * @example
 * splitHandshake('1|3|unix|/tmp/plugin1/s|grpc|').protocol; // 'grpc'
 */
export function splitHandshake(line: string): HandshakeFields {
  const parts = trimGoSpace(line).split('|', MAX_FIELDS);
  const [coreVersion, appVersion, network, address, protocol, serverCertificate, multiplexing] = parts;
  if (coreVersion === undefined || appVersion === undefined || network === undefined || address === undefined) {
    const advice =
      explainFirstLine(line) ?? 'Check that the command is a plugin and that it prints nothing before it serves.';
    throw new HandshakeError(
      'ERR_HANDSHAKE_UNRECOGNIZED',
      `The plugin's first line on stdout is not a handshake: ${quoteText(line)}. Expected ${SHAPE}, at least ${MIN_FIELDS} ` +
        `fields, got ${parts.length}. ${advice}`,
      { details: { text: truncateText(line) } },
    );
  }
  return {
    coreVersion,
    appVersion,
    network,
    address,
    ...(protocol === undefined ? {} : { protocol }),
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
    ...(multiplexing === undefined ? {} : { multiplexing }),
  };
}

/** What a plugin announces in its handshake line. */
export interface HandshakeAnnouncement {
  readonly appVersion: number;
  readonly address: Address;
  readonly protocol: ProtocolName;
  /** The plugin's own certificate in DER, with AutoMTLS only. */
  readonly serverCertificate?: Uint8Array;
  /** Prints field 7. Only for a host that set `PLUGIN_MULTIPLEX_GRPC`: older hosts take the field for a part of the certificate. */
  readonly multiplexing?: boolean;
}

/**
 * The handshake line with its LF: six fields, or seven with `multiplexing`. Throws an OptionsError for an address with `|` or a line break.
 *
 * @example
 * const address = { network: 'unix', address: '/tmp/plugin1/s' } as const;
 * formatHandshake({ appVersion: 3, address, protocol: 'grpc' }); // '1|3|unix|/tmp/plugin1/s|grpc|\n'
 */
export function formatHandshake(announcement: HandshakeAnnouncement): string {
  const { appVersion, address, protocol, serverCertificate, multiplexing } = announcement;
  if (/[|\r\n]/.test(address.address)) {
    throw new OptionsError(
      `The address ${quoteText(address.address)} cannot be written into a handshake line: it contains "|" or a line break. ` +
        'Use another directory for sockets.',
    );
  }
  const certificate = serverCertificate === undefined ? '' : encodeBase64(serverCertificate);
  const fields = [CORE_PROTOCOL_VERSION, appVersion, address.network, address.address, protocol, certificate];
  return `${fields.join('|')}${multiplexing === true ? '|true' : ''}\n`;
}
