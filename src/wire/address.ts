/** Where a listener can be reached, in go-plugin's words: fields 3 and 4 of the handshake line, and `ConnInfo`. */
export interface Address {
  readonly network: 'unix' | 'tcp';
  /** A socket path, or `host:port`. An empty host means loopback. */
  readonly address: string;
}
