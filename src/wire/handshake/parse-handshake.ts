import { errorMessage, HandshakeError, type HandshakeErrorCode, type PluginErrorOptions } from '../../errors.js';
import { decodeBase64 } from '../base64.js';
import { parseGoBool, parseGoInteger } from '../go-text.js';
import { quoteText, truncateText } from '../quote.js';
import { type Address, explainAddress } from './address.js';
import { isDerSequence } from './der.js';
import { CORE_PROTOCOL_VERSION, type HandshakeFields, type ProtocolName, splitHandshake } from './handshake-line.js';
import { explainFirstLine } from './tool-banner.js';

/** What a plugin announced in its handshake line, once the host has accepted it. */
export interface Handshake {
  /** The application protocol version that both ends use from here on. */
  readonly appVersion: number;
  /** Where the host dials the plugin. */
  readonly address: Address;
  readonly protocol: ProtocolName;
  /** The plugin's certificate in DER, when it made one for AutoMTLS. */
  readonly serverCertificate?: Uint8Array;
  /** True when broker multiplexing was requested and granted. */
  readonly multiplexed: boolean;
}

/** An address that was not validated yet: its network can be any word. */
export interface AnnouncedAddress {
  readonly network: string;
  readonly address: string;
}

/** What a host accepts in a handshake. */
export interface HandshakeOptions {
  /** The application protocol versions that the host offered. */
  readonly appVersions: readonly number[];
  /** @default ['netrpc'], as in go-plugin */
  readonly allowedProtocols?: readonly ProtocolName[];
  /** Whether broker multiplexing was requested. @default false */
  readonly multiplex?: boolean;
}

/** What a host accepts in a handshake, and how it reaches the address in it. */
export interface AcceptHandshakeOptions extends HandshakeOptions {
  /** Where the host dials the announced address (go-plugin runner.go PluginToHost). The result is validated, not the argument. */
  translateAddress(address: AnnouncedAddress): AnnouncedAddress | Promise<AnnouncedAddress>;
}

const DEFAULT_ALLOWED_PROTOCOLS: readonly ProtocolName[] = ['netrpc'];
/** go-plugin: a shorter field 6 is "extra" data of old plugins, no certificate (client.go Start). */
const MAX_EXTRA_CHARS = 50;

/**
 * Parses and validates a plugin's first line on stdout, with or without its line ending, field by field in the order of go-plugin
 * client.go Start. Throws a HandshakeError whose code names the field that was not acceptable.
 *
 * @example
 * parseHandshake('1|3|unix|/tmp/plugin1/s|grpc|', { appVersions: [3], allowedProtocols: ['grpc'] }).address;
 * // { network: 'unix', address: '/tmp/plugin1/s' }
 */
export function parseHandshake(line: string, options: HandshakeOptions): Handshake {
  const fields = splitHandshake(line);
  const appVersion = validateVersions(fields, options, line);
  return { appVersion, ...validateConnection(fields, fields, options, line) };
}

/**
 * `parseHandshake` for a plugin whose addresses have to be translated: after the versions were validated, the address is translated, and
 * then
 * the result is validated. Rejects with the same HandshakeErrors; ERR_ADDRESS_INVALID with the cause when the translation failed.
 *
 * @example
 * const { address } = await acceptHandshake('1|3|unix|/run/plugin/s|grpc|', {
 *   appVersions: [3],
 *   allowedProtocols: ['grpc'],
 *   translateAddress: ({ network, address }) => ({ network, address: address.replace('/run/plugin/', '/tmp/sockets/') }),
 * });
 */
export async function acceptHandshake(line: string, options: AcceptHandshakeOptions): Promise<Handshake> {
  const fields = splitHandshake(line);
  const appVersion = validateVersions(fields, options, line);
  const address = await translate(fields, options, line);
  return { appVersion, ...validateConnection(fields, address, options, line) };
}

function validateVersions(fields: HandshakeFields, options: HandshakeOptions, line: string): number {
  validateCoreVersion(fields.coreVersion, line);
  return validateAppVersion(fields.appVersion, options.appVersions, line);
}

function validateConnection(
  fields: HandshakeFields,
  announced: AnnouncedAddress,
  options: HandshakeOptions,
  line: string,
): Omit<Handshake, 'appVersion'> {
  const address = validateAddress(announced, line);
  const protocol = validateProtocol(fields.protocol, options.allowedProtocols ?? DEFAULT_ALLOWED_PROTOCOLS, line);
  const serverCertificate = validateCertificate(fields.serverCertificate, line);
  const multiplexed =
    options.multiplex === true && protocol === 'grpc' && validateMultiplexing(fields.multiplexing, line);
  return {
    address,
    protocol,
    ...(serverCertificate === undefined ? {} : { serverCertificate }),
    multiplexed,
  };
}

function validateCoreVersion(text: string, line: string): void {
  const version = parseGoInteger(text);
  if (version === undefined) {
    throw failure(
      'ERR_CORE_VERSION_INVALID',
      `The plugin's core protocol version ${quoteText(text)} is not an integer. Expected ${CORE_PROTOCOL_VERSION}. ` +
        (explainFirstLine(line) ?? 'Check that the plugin prints nothing before it serves.'),
      line,
    );
  }
  if (version !== CORE_PROTOCOL_VERSION) {
    throw failure(
      'ERR_CORE_VERSION_MISMATCH',
      `The plugin speaks core protocol version ${version}, this host speaks ${CORE_PROTOCOL_VERSION}. ` +
        'The plugin usually only needs to be rebuilt; tell its author.',
      line,
      { pluginVersion: version, hostVersions: [CORE_PROTOCOL_VERSION] },
    );
  }
}

function validateAppVersion(text: string, offered: readonly number[], line: string): number {
  const version = parseGoInteger(text);
  if (version === undefined) {
    throw failure(
      'ERR_APP_VERSION_INVALID',
      `The plugin's application protocol version ${quoteText(text)} is not an integer. ` +
        `Expected one of ${offered.join(', ')}.`,
      line,
      { hostVersions: offered },
    );
  }
  if (!offered.includes(version)) {
    throw failure(
      'ERR_APP_VERSION_MISMATCH',
      `The plugin speaks application protocol version ${version}, this host speaks ${offered.join(', ') || 'none'}. ` +
        'Update the plugin or the host, so that they share a version.',
      line,
      { pluginVersion: version, hostVersions: offered },
    );
  }
  return version;
}

async function translate(
  { network, address }: HandshakeFields,
  options: AcceptHandshakeOptions,
  line: string,
): Promise<AnnouncedAddress> {
  try {
    return await options.translateAddress({ network, address });
  } catch (cause) {
    throw failure(
      'ERR_ADDRESS_INVALID',
      `The plugin's address ${quoteText(address)} could not be translated for this host: ${errorMessage(cause)}`,
      line,
      {},
      cause,
    );
  }
}

function validateAddress({ network, address }: AnnouncedAddress, line: string): Address {
  if (network !== 'unix' && network !== 'tcp') {
    throw failure(
      'ERR_NETWORK_UNKNOWN',
      `The plugin listens on an unknown network ${quoteText(network)} (address ${quoteText(address)}). ` +
        'Expected "unix" or "tcp".',
      line,
    );
  }
  if (network === 'tcp' ? !isHostAndPort(address) : !isSocketPath(address)) {
    const expected = network === 'tcp' ? '"host:port" with a port from 1 to 65535' : 'the path of a socket';
    const hint = explainAddress({ network, address });
    throw failure(
      'ERR_ADDRESS_INVALID',
      `The plugin's ${network} address ${quoteText(address)} cannot be dialed. ${hint ?? `Expected ${expected}.`}`,
      line,
    );
  }
  return { network, address };
}

/** Any path but a URL such as `unix:///tmp/s`. */
function isSocketPath(address: string): boolean {
  return address !== '' && !address.includes('\0') && !/^unix(?:-abstract)?:/.test(address);
}

/** A host without colons, or one in brackets, or none; then a port. */
function isHostAndPort(address: string): boolean {
  const match = /^(?:\[[^[\]]*\]|[^:[\]]*):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
}

function validateProtocol(text: string | undefined, allowed: readonly ProtocolName[], line: string): ProtocolName {
  const wanted = text ?? 'netrpc';
  const protocol = allowed.find((name) => name === wanted);
  if (protocol !== undefined) return protocol;
  const speaks =
    text === undefined ? 'names no protocol in its handshake, which means "netrpc"' : `speaks ${quoteText(wanted)}`;
  const allows =
    allowed.length > 0
      ? `${allowed.join(', ')}. Add the protocol to \`allowedProtocols\` if the plugin is right.`
      : 'no protocol. Name a plugin in `plugins`, or the protocol in `allowedProtocols`.';
  throw failure('ERR_PROTOCOL_NOT_ALLOWED', `The plugin ${speaks}, this host allows ${allows}`, line);
}

function validateCertificate(text: string | undefined, line: string): Uint8Array | undefined {
  if (text === undefined || text.length <= MAX_EXTRA_CHARS) return undefined;
  const der = decodeBase64(text);
  if (der !== undefined && isDerSequence(der)) return der;
  const problem = der === undefined ? 'is not unpadded base64' : 'does not hold one DER certificate';
  throw failure(
    'ERR_SERVER_CERTIFICATE',
    `The plugin's certificate in field 6 ${problem}: ${quoteText(text, 60)}. Rebuild the plugin or turn AutoMTLS off.`,
    line,
  );
}

function validateMultiplexing(text: string | undefined, line: string): true {
  const supported = text === undefined ? false : parseGoBool(text);
  if (supported === true) return true;
  if (supported === false) {
    throw failure(
      'ERR_MULTIPLEXING_NOT_SUPPORTED',
      'The plugin does not support broker multiplexing, which this host requested. ' +
        'Update the plugin library that it is built with (go-plugin 1.6.0 or newer), or do not request multiplexing.',
      line,
    );
  }
  throw failure(
    'ERR_MULTIPLEXING_INVALID',
    `Field 7 of the plugin's handshake, ${quoteText(text ?? '')}, is not a boolean. ` +
      'Expected "true" when broker multiplexing is supported.',
    line,
  );
}

function failure(
  code: HandshakeErrorCode,
  message: string,
  line: string,
  details: NonNullable<PluginErrorOptions['details']> = {},
  cause?: unknown,
): HandshakeError {
  return new HandshakeError(code, message, { cause, details: { text: truncateText(line), ...details } });
}
