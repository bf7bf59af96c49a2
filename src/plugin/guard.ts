import type { HandshakeConfig } from '../wire/handshake-config.js';

const FAULTY_CONFIG = `This plugin is misconfigured: its serve options name no magic cookie key or no magic cookie value.
This is a mistake in the plugin itself. Please tell its author.
`;

const NOT_A_PROGRAM = `This program is a plugin. It is not meant to be run directly.
Please run the program that uses the plugin; it will start the plugin by itself.
`;

/** Ends the process with status 1 and words for a person when no host started it (go-plugin server.go Serve). Stdout stays empty. */
export async function refuseWithoutHost(handshake: HandshakeConfig): Promise<void> {
  const complaint = cookieComplaint(handshake, process.env);
  if (complaint === undefined) return;
  await new Promise((resolve) => process.stderr.write(complaint, resolve));
  process.exit(1);
}

function cookieComplaint(handshake: HandshakeConfig, env: NodeJS.ProcessEnv): string | undefined {
  const { magicCookieKey, magicCookieValue } = handshake;
  if (!magicCookieKey || !magicCookieValue) return FAULTY_CONFIG;
  return env[magicCookieKey] === magicCookieValue ? undefined : NOT_A_PROGRAM;
}
