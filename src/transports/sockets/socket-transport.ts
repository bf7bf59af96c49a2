import type { Address } from '../../wire/handshake/address.js';
import type { PortRange } from '../../wire/handshake/environment.js';
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

/**
 * Listens on a new unix socket or a loopback port. Rejects with TransportError ERR_LISTEN or ERR_SOCKET_PATH_TOO_LONG.
 *
 * @example
 * const listener = await listen({ network: 'tcp', ports: { minPort: 10_000, maxPort: 10_010 } });
 * listener.connection$.subscribe((socket) => socket.pipe(socket));
 */
export function listen(options: ListenOptions = {}): Promise<Listener> {
  return (options.network ?? defaultNetwork()) === 'tcp' ? listenTcp(options.ports) : listenUnix(options);
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
  return {
    listen: () => listen(options),
    dial: (address, dialOptions) => dialerTo(address, options).dial(dialOptions),
  };
}
