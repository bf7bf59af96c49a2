import type { Address } from '../../wire/handshake/address.js';
import type { PortRange } from '../../wire/handshake/environment.js';
import type { Transport } from '../transport.js';
import { type DialerOptions, dialerTo } from './dial.js';
import type { SocketListener } from './socket-listener.js';
import { listenTcp } from './tcp.js';
import { listenUnix, type UnixListenOptions } from './unix.js';

/** Where and how to listen. */
export interface ListenOptions extends UnixListenOptions {
  /** Kind of the socket. @default tcp on Windows, unix elsewhere */
  readonly network?: Address['network'];
  /** Ports to try when listening on TCP. @default the operating system chooses */
  readonly ports?: PortRange;
}

/** Where plugins listen when nothing else is said (go-plugin server.go serverListener). */
export function defaultNetwork(platform: NodeJS.Platform = process.platform): Address['network'] {
  return platform === 'win32' ? 'tcp' : 'unix';
}

/** Listens on a new unix socket or a loopback port. Rejects with a TransportError. */
export function listen(options: ListenOptions = {}): Promise<SocketListener> {
  return (options.network ?? defaultNetwork()) === 'tcp' ? listenTcp(options.ports) : listenUnix(options);
}

/** The operating system's sockets as a Transport. */
export function socketTransport(options: ListenOptions & DialerOptions = {}): Transport {
  return {
    listen: () => listen(options),
    dial: (address, dialOptions) => dialerTo(address, options).dial(dialOptions),
  };
}
