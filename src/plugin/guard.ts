import type { HandshakeConfig } from '../wire/handshake/handshake-config.js';

const FAULTY_CONFIG = `This plugin is misconfigured: its serve options name no magic cookie key or no magic cookie value.
This is a mistake in the plugin itself. Please tell its author.
`;

const NOT_A_PROGRAM = `This program is a plugin. It is not meant to be run directly.
Please run the program that uses the plugin; it will start the plugin by itself.
`;

/** What a person is told when no host started this process; undefined when one did (go-plugin server.go Serve). */
export function cookieComplaint(handshake: HandshakeConfig): string | undefined {
  const { magicCookieKey, magicCookieValue } = handshake;
  if (!magicCookieKey || !magicCookieValue) return FAULTY_CONFIG;
  return process.env[magicCookieKey] === magicCookieValue ? undefined : NOT_A_PROGRAM;
}

/** Ends the process with status 1 and the complaint on stderr. Stdout stays empty. */
export async function refuse(complaint: string): Promise<never> {
  await new Promise((resolve) => process.stderr.write(complaint, resolve));
  process.exit(1);
}
