import { OptionsError } from '../../errors.js';
import type { ProtocolName } from '../../protocols/contract.js';
import type { TlsSource } from '../../transports/tls/rotating.js';
import type { Address } from '../../wire/handshake/address.js';
import { parseEndpointAddress, requireLoopback } from '../../wire/handshake/endpoint-address.js';
import { checkOptions, describeValue, optionNames } from '../../wire/option-names.js';

/** A plugin that runs already and that this host has nothing to do with but to call it: a service, often on another machine. */
export interface EndpointOptions {
  /** `host:port`, `[::1]:port`, or the path of a unix socket. */
  readonly address: string;
  /** What is spoken there. net/rpc is refused: its calls have no deadlines, and its connection cannot be made again. @default 'grpc' */
  readonly protocol?: ProtocolName;
  /** The application protocol version, for which nobody negotiates here. @default that of `handshake`, or of the only plugin set */
  readonly version?: number;
  /**
   * TLS: the CA of the endpoint's certificate, and this host's own certificate and key if the endpoint demands one. A function is called for each
   * new connection, of an Observable a new connection takes the newest value. `serverName` is by default the host of `address`. @default none
   */
  readonly tls?: TlsSource;
  /** Allows to connect to another machine without TLS. @default false */
  readonly allowInsecure?: boolean;
  /** `stop` asks the plugin to end, which ends it for all of its hosts. @default false: `stop` closes the connection */
  readonly ends?: boolean;
  /** The service of gRPC's health protocol that `ping` and the state ask for; empty for the server as a whole. @default 'plugin' */
  readonly healthService?: string;
}

/** A validated endpoint. */
export interface EndpointLaunch {
  readonly kind: 'endpoint';
  readonly address: Address;
  readonly version: number | undefined;
  readonly tls: TlsSource | undefined;
  /** What the certificate has to name unless the configuration says otherwise. */
  readonly serverName: string;
  readonly ends: boolean;
  readonly healthService: string;
}

const NAMES = optionNames<EndpointOptions>()('address protocol version tls allowInsecure ends healthService');

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveEndpoint(options: EndpointOptions): EndpointLaunch {
  if (typeof options !== 'object' || options === null)
    throw new OptionsError(`Expected \`endpoint\` to be an object with an \`address\`, got ${describeValue(options)}.`);
  checkOptions('`endpoint`', options, NAMES);
  const { version, tls, allowInsecure = false, ends = false, healthService = 'plugin' } = options;
  checkProtocol(options.protocol);
  if (version !== undefined && !Number.isSafeInteger(version)) throw wrong('version', 'an integer', version);
  if (tls !== undefined && typeof tls !== 'object' && typeof tls !== 'function')
    throw wrong('tls', 'a TLS configuration, a function or an Observable', tls);
  for (const [name, value] of Object.entries({ allowInsecure, ends }))
    if (typeof value !== 'boolean') throw wrong(name, 'a boolean', value);
  if (typeof healthService !== 'string') throw wrong('healthService', 'the name of a service', healthService);
  const { address, host } = parseEndpointAddress('`endpoint.address`', options.address);
  if (/:0+$/.test(address.address) && address.network === 'tcp')
    throw wrong('address', 'host:port with a port above 0', options.address);
  if (tls === undefined && !allowInsecure) requireLoopback('`endpoint`', address);
  return { kind: 'endpoint', address, version, tls, serverName: host ?? 'localhost', ends, healthService };
}

function checkProtocol(protocol: string = 'grpc'): void {
  if (protocol === 'netrpc')
    throw new OptionsError(
      'Expected `endpoint.protocol` to be `grpc`, got `netrpc`: its calls have no deadlines, and its connection cannot be made again. Let the ' +
        'plugin serve gRPC, or reach it with `reattach` and an `attach` function.',
    );
  if (protocol !== 'grpc') throw wrong('protocol', '`grpc`', protocol);
}

function wrong(name: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(`Expected \`endpoint.${name}\` to be ${expected}, got ${describeValue(value)}.`);
}
