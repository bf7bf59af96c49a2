import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { handshake } from '../../examples/grpc-kv/contract.js';
import { within } from '../support/defer.js';
import { type StartedCli, startCli } from './run-cli.js';

export const unix = { skip: process.platform === 'win32' ? 'there are no unix sockets' : false };

export const cookieOf = ({ magicCookieKey, magicCookieValue }: typeof handshake): string[] => [
  '--cookie',
  `${magicCookieKey}=${magicCookieValue}`,
];

/** The command line of an example's plugin. */
export const example = (name: string): string[] => [
  process.execPath,
  fileURLToPath(new URL(`../../examples/${name}/plugin.js`, import.meta.url)),
];

/** A sidecar of a plugin, with its log as JSON on its stdout. */
export function startSidecar(
  directory: string,
  name: string,
  command: readonly string[],
  flags = cookieOf(handshake),
): StartedCli {
  return startCli(['sidecar', '--dir', directory, '--name', name, '--json-logs', ...flags, '--', ...command]);
}

/** The pid of the plugin, once it serves. */
export async function pluginOf(sidecar: StartedCli): Promise<number> {
  return Number(JSON.parse(await sidecar.line('stdout', /the plugin is ready/)).id);
}

/** Waits for a file. */
export async function untilThere(path: string): Promise<void> {
  const looking = new AbortController();
  const there = (async () => {
    while (!existsSync(path)) await delay(5, undefined, { signal: looking.signal });
  })();
  await within(20_000, path, there).finally(() => looking.abort());
}
