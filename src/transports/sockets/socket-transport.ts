import { OptionsError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import type { PortRange } from '../../wire/handshake/environment.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import { quoteText } from '../../wire/quote.js';
import type { Listener, Transport } from '../transport.js';
import { type DialerOptions, dialerTo } from './dial.js';
import { listenTcp } from './tcp.js';
import { listenUnix, type UnixListenOptions } from './unix.js';

/** Options of `listen`. */
export interface ListenOptions extends UnixListenOptions {
  /** Kind of the socket. @default tcp on Windows, unix elsewhere */
  readonly network?: Address['network'];
  /** Ports to try when listening on TCP. @default the operating system chooses */
  readonly ports?: PortRange;
}

/** The network of plugins by default (go-plugin server.go serverListener). */
export function defaultNetwork(platform: NodeJS.Platform = process.platform): Address['network'] {
  return platform === 'win32' ? 'tcp' : 'unix';
}

const NAMES = optionNames<ListenOptions>()('network ports socketDir tempDir socketGroup');

/**
 * Listens on a new unix socket or a loopback port. Rejects with TransportError ERR_LISTEN or ERR_SOCKET_PATH_TOO_LONG.
 *
 * @example
 * const listener = await listen({ network: 'tcp', ports: { minPort: 10_000, maxPort: 10_010 } });
 * listener.connection$.subscribe((socket) => socket.pipe(socket));
 */
export function listen(options: ListenOptions = {}): Promise<Listener> {
  checkOptions('a listener', options, NAMES);
  checkOptions('`ports` of a listener', options.ports, ['minPort', 'maxPort']);
  const network: unknown = options.network ?? defaultNetwork();
  if (network !== 'unix' && network !== 'tcp')
    throw new OptionsError(
      `Expected \`network\` of a listener to be 'unix' or 'tcp', got ${quoteText(String(network))}.`,
    );
  return network === 'tcp' ? listenTcp(options.ports) : listenUnix(options);
}

/**
 * A Transport of unix and TCP sockets.
 *
 * @example
 * const transport = socketTransport({ network: 'unix' });
 * const listener = await transport.listen();
 * const connection = await transport.dial(listener.address);
 */
export function socketTransport(options: ListenOptions & DialerOptions = {}): Transport {
  checkOptions('a transport', options, [...NAMES, 'timeoutMs']);
  const { timeoutMs, ...listening } = options;
  const dialing = timeoutMs === undefined ? {} : { timeoutMs };
  return {
    listen: () => listen(listening),
    dial: (address, dialOptions) => dialerTo(address, dialing).dial(dialOptions),
  };
}
