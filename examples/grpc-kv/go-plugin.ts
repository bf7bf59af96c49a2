import { join } from 'node:path';
import { buildGo, needsGo } from '../../test/conformance/build-go.js';
import { handshake } from './contract.js';

/** The command line of the same plugin in Go, which is built on demand; undefined if Go is not installed. */
export async function goPlugin(): Promise<[string, ...string[]] | undefined> {
  if (needsGo().skip !== false) return undefined;
  const directory = await buildGo('test/conformance/go', ['plugin']);
  const { magicCookieKey, magicCookieValue, protocolVersion } = handshake;
  const flags = [
    '-cookie-key',
    magicCookieKey,
    '-cookie-value',
    magicCookieValue,
    '-app-version',
    String(protocolVersion),
  ];
  return [join(directory, 'plugin'), ...flags];
}
