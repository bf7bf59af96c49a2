import { OptionsError } from '../../errors.js';
import { checkOptions, optionNames } from '../option-names.js';

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

/** Fills in the defaults. Throws OptionsError. */
export function resolveHandshake(handshake: Partial<HandshakeConfig> = {}): Required<HandshakeConfig> {
  checkOptions('`handshake`', handshake, HANDSHAKE_NAMES);
  const { protocolVersion = 0, magicCookieKey, magicCookieValue } = handshake;
  // An empty cookie would match an environment variable that is not set.
  if (!magicCookieKey || !magicCookieValue)
    throw new OptionsError(
      'Expected `handshake.magicCookieKey` and `handshake.magicCookieValue` to be non-empty strings.',
    );
  if (!Number.isSafeInteger(protocolVersion))
    throw new OptionsError(`Expected \`handshake.protocolVersion\` to be an integer, got ${String(protocolVersion)}.`);
  return { protocolVersion, magicCookieKey, magicCookieValue };
}

/** The same for a plugin that asks nobody for a cookie. `version` is that of `plugins` where the handshake has none. Throws OptionsError. */
export function cookielessHandshake(
  handshake: Partial<HandshakeConfig> = {},
  version?: number,
): Required<HandshakeConfig> {
  const cookie = { magicCookieKey: 'none', magicCookieValue: 'none' };
  return resolveHandshake({ ...(version === undefined ? {} : { protocolVersion: version }), ...cookie, ...handshake });
}
