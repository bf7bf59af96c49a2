/** Where a listener can be reached: fields 3 and 4 of the handshake line, and network and address of a broker's `ConnInfo`. */
export interface Address {
  readonly network: 'unix' | 'tcp';
  /** A socket path, or `host:port`. An empty host means loopback. */
  readonly address: string;
}

const LOOPBACK_HOST = /^(?:|localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** Whether an address can only be this machine's: a unix socket, or a name or number of the loopback interface. */
export function isLoopback({ network, address }: Address): boolean {
  return network === 'unix' || LOOPBACK_HOST.test(address.slice(0, Math.max(0, address.lastIndexOf(':'))));
}

/** Text on what is wrong with an address that cannot be connected to, and what to do; undefined when nothing is recognised. */
export function explainAddress({
  network,
  address,
}: {
  readonly network: string;
  readonly address: string;
}): string | undefined {
  const [, scheme, rest] = /^([a-z-]+):(\/\/.*)$/.exec(address) ?? /^(unix(?:-abstract)?):(.*)$/.exec(address) ?? [];
  if (scheme !== undefined) {
    const expected = network === 'unix' ? 'the path of a socket' : 'host:port';
    return `It is a URL with the scheme ${scheme}, as gRPC libraries take it: announce ${expected} alone, ${JSON.stringify(rest?.replace(/^\/\//, ''))}.`;
  }
  if (network === 'unix' && address !== '' && !/^[/@]|^[A-Za-z]:|^\\/.test(address))
    return "It is a relative path, which is looked up in the host's working directory: announce an absolute path.";
  return undefined;
}

/**
 * Translates addresses between the host and the plugin, for a plugin that runs where paths and ports are others: in a container, on
 * another machine. A translation may be asynchronous, for instance when it has to forward a port first; one that throws or rejects
 * fails the connection that needs it.
 *
 * @example
 * const translator: AddressTranslator = {
 *   pluginToHost: ({ network, address }) => ({ network, address: address.replace('/run/plugin/', '/tmp/sockets/') }),
 *   hostToPlugin: ({ network, address }) => ({ network, address: address.replace('/tmp/sockets/', '/run/plugin/') }),
 * };
 */
export interface AddressTranslator {
  /** Where the host dials an address that the plugin listens at. */
  pluginToHost(address: Address): Address | Promise<Address>;
  /** Where the plugin dials an address that the host listens at. */
  hostToPlugin(address: Address): Address | Promise<Address>;
}

/** The translation of a plugin that sees the same addresses as its host. */
export const SAME_ADDRESSES = {
  pluginToHost: (address: Address): Address => address,
  hostToPlugin: (address: Address): Address => address,
} as const satisfies AddressTranslator;
