import { optionNames } from '../option-names.js';

/**
 * What host and plugin agree on beforehand (go-plugin HandshakeConfig). The cookie lets a plugin recognise that it was started by hand;
 * it is not a security measure.
 */
export interface HandshakeConfig {
  /** The application protocol version of `plugins`. @default 0 */
  readonly protocolVersion?: number;
  /** Name of the environment variable; not empty. */
  readonly magicCookieKey: string;
  /** Its value; not empty. */
  readonly magicCookieValue: string;
}

/** The names of a HandshakeConfig. */
export const HANDSHAKE_NAMES = optionNames<HandshakeConfig>()('protocolVersion magicCookieKey magicCookieValue');
