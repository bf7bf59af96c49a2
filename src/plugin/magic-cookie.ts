import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';
import { uncapturedWrite } from './stdio-capture.js';

const NO_COOKIE_CONFIGURED =
  'This plugin is misconfigured: its serve options name no magic cookie key or no magic cookie value. ' +
  'This is a mistake in the plugin itself. Please tell its author.\n';

/** The message for the user when no host started this process; undefined when the magic cookie is there (go-plugin server.go Serve). */
export function magicCookieError(handshake: Partial<HandshakeConfig> = {}): string | undefined {
  const { magicCookieKey, magicCookieValue } = handshake;
  if (!magicCookieKey || !magicCookieValue) return NO_COOKIE_CONFIGURED;
  const found = process.env[magicCookieKey];
  if (found === magicCookieValue) return undefined;
  const mismatch =
    found === undefined
      ? `${magicCookieKey} is not set in its environment`
      : `${magicCookieKey} has another value in its environment than the plugin expects`;
  return (
    `This program is a plugin. It is not meant to be run directly (${mismatch}). ` +
    'Please run the program that uses the plugin; it will start the plugin by itself.\n'
  );
}

/** Writes the message to stderr and ends the process with status 1. Stdout stays empty. */
export async function exitWithMessage(message: string): Promise<never> {
  const write = uncapturedWrite(process.stderr);
  await new Promise((resolve) => write(message, resolve));
  process.exit(1);
}
