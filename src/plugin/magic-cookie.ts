import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';

const NO_COOKIE_CONFIGURED = `This plugin is misconfigured: its serve options name no magic cookie key or no magic cookie value.
This is a mistake in the plugin itself. Please tell its author.
`;

const NOT_STARTED_BY_HOST = `This program is a plugin. It is not meant to be run directly.
Please run the program that uses the plugin; it will start the plugin by itself.
`;

/** The message for the user when no host started this process; undefined when the magic cookie is there (go-plugin server.go Serve). */
export function magicCookieError(handshake: HandshakeConfig): string | undefined {
  const { magicCookieKey, magicCookieValue } = handshake;
  if (!magicCookieKey || !magicCookieValue) return NO_COOKIE_CONFIGURED;
  return process.env[magicCookieKey] === magicCookieValue ? undefined : NOT_STARTED_BY_HOST;
}

/** Writes the message to stderr and ends the process with status 1. Stdout stays empty. */
export async function exitWithMessage(message: string): Promise<never> {
  await new Promise((resolve) => process.stderr.write(message, resolve));
  process.exit(1);
}
