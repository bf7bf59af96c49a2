/** `rxplug/transport`: connections, for transports and runners of your own that use or wrap those of the library. */
export type { BrokerNetwork } from './protocols/protocol.js';
export { type DirectoryChecksumOptions, directoryChecksum } from './runners/secure/directory-checksum.js';
export { verifyChecksum } from './runners/secure/verify-checksum.js';
export { type DialerOptions, dialerTo } from './transports/sockets/dial.js';
export { type ListenOptions, listen, socketTransport } from './transports/sockets/socket-transport.js';
export type { UnixListenOptions } from './transports/sockets/unix.js';
export type { Dialer, DialOptions, Listener, Transport } from './transports/transport.js';
export type { Address, AddressTranslator } from './wire/handshake/address.js';
export type { PortRange } from './wire/handshake/environment.js';
