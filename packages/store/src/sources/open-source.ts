import { StoreError } from '../errors.js';
import { quote } from '../quote.js';
import type { RegistryOptions } from './oci/connect.js';
import { ociSource } from './oci/oci-source.js';
import type { PluginSource } from './source.js';
import { directorySource, type WebSourceOptions, webSource } from './static/static-source.js';

/** How sources talk to servers. */
export interface OpenSourceOptions extends WebSourceOptions, RegistryOptions {}

/**
 * The source of an address: `dir:///srv/plugins/acme/kv`, `https://plugins.example/acme/kv`,
 * `oci://ghcr.io/acme/kv`. Throws StoreError for an address that begins
 * with something else.
 */
export function openSource(address: string, options: OpenSourceOptions = {}): PluginSource {
  if (address.startsWith('dir:')) return directorySource(address);
  const { authorization, credentials, ...http } = options;
  if (address.startsWith('oci:'))
    return ociSource(address, credentials === undefined ? http : { ...http, credentials });
  if (/^https?:/.test(address))
    return webSource(address, authorization === undefined ? http : { ...http, authorization });
  throw new StoreError(
    'ERR_SOURCE',
    `Expected an address that begins with dir:, https: or oci:, got ${quote(address)}.`,
  );
}
