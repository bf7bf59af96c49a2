import { StoreError } from '../errors.js';
import { quote } from '../quote.js';
import type { PluginSource } from './source.js';
import { directorySource, type WebSourceOptions, webSource } from './static/static-source.js';

/** How sources talk to servers. */
export type OpenSourceOptions = WebSourceOptions;

/**
 * The source of an address: `dir:///srv/plugins/acme/kv`, `https://plugins.example/acme/kv`. Throws StoreError for an address that begins
 * with something else.
 */
export function openSource(address: string, options: OpenSourceOptions = {}): PluginSource {
  if (address.startsWith('dir:')) return directorySource(address);
  if (/^https?:/.test(address)) return webSource(address, options);
  throw new StoreError('ERR_SOURCE', `Expected an address that begins with dir: or https:, got ${quote(address)}.`);
}
