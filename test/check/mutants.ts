import { fileURLToPath } from 'node:url';
import { lastValueFrom, toArray } from 'rxjs';
import type { ProtocolName } from 'rxplug';
import { type CheckOptions, type CheckResult, checkPlugin } from 'rxplug/testing';
import { within } from '../support/defer.js';

/** The cookie of the mutants. */
export const handshake = { magicCookieKey: 'MUTANT_PLUGIN', magicCookieValue: 'hello' };

/** The command line of the plugin that does not meet an item, or of the one that meets all. */
export function mutantOf(id: string, protocol: ProtocolName = 'grpc'): [file: string, ...args: string[]] {
  return [process.execPath, fileURLToPath(new URL('../fixtures/mutants/plugin.js', import.meta.url)), id, protocol];
}

/** The results of a whole check. */
export function resultsOf(options: CheckOptions): Promise<CheckResult[]> {
  return within(120_000, 'the results', lastValueFrom(checkPlugin(options).pipe(toArray())));
}

/** The ids of the items with a result of `is`, with what came. */
export function those(
  results: readonly CheckResult[],
  ...is: readonly CheckResult['result'][]
): Record<string, string> {
  return Object.fromEntries(results.filter(({ result }) => is.includes(result)).map(({ id, got }) => [id, got]));
}
