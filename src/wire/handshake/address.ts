/** Where a listener can be reached, in go-plugin's words: fields 3 and 4 of the handshake line, and `ConnInfo`. */
export interface Address {
  readonly network: 'unix' | 'tcp';
  /** A socket path, or `host:port`. An empty host means loopback. */
  readonly address: string;
}

/** Translates addresses between the host's view of the world and the plugin's (a container sees other paths and ports). */
export interface AddressTranslator {
  /** An address received from the plugin, as the host must dial it. */
  pluginToHost(address: Address): Address;
  /** The address of a host's listener, as the plugin must dial it. */
  hostToPlugin(address: Address): Address;
}

/** Host and plugin see the same addresses. */
export const SAME_ADDRESSES: AddressTranslator = {
  pluginToHost: (address) => address,
  hostToPlugin: (address) => address,
};
