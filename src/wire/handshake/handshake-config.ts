/**
 * What both ends of a plugin agree on beforehand (go-plugin HandshakeConfig). The cookie is a usability guard against starting a
 * plugin by hand, not a security measure.
 */
export interface HandshakeConfig {
  /** The application's protocol version that plain `plugins` belong to. @default 0 */
  readonly protocolVersion?: number;
  /** Name of the environment variable; not empty. */
  readonly magicCookieKey: string;
  /** Its value; not empty. */
  readonly magicCookieValue: string;
}
