import { OptionsError } from 'rxplug';
import { quote } from '../quote.js';
import type { RegistryOptions } from './oci/connect.js';
import { ociImageSource } from './oci/image-source.js';
import { ociSource } from './oci/oci-source.js';
import type { PluginSource } from './source.js';
import { directorySource, type WebSourceOptions, webSource } from './static/static-source.js';

/** How sources talk to servers. */
export interface OpenSourceOptions extends WebSourceOptions, RegistryOptions {
  /** The platforms of container images to look at. @default the platform of this process */
  readonly platforms?: readonly string[];
}

/**
 * The source of an address: `dir:///srv/plugins/acme/kv`, `https://plugins.example/acme/kv`, `oci://ghcr.io/acme/kv`, and for a program out of a
 * container image `oci://ghcr.io/acme/image#/bin/kv`, the path of the program or its name. Throws OptionsError for an address that begins with
 * something else.
 */
export function openSource(address: string, options: OpenSourceOptions = {}): PluginSource {
  if (address.startsWith('dir:')) return directorySource(address);
  const { authorization, credentials, platforms, ...http } = options;
  if (address.startsWith('oci:')) {
    const reach = { ...http, ...(credentials !== undefined && { credentials }) };
    const [repository = '', binary] = address.split(/#(.*)/s);
    if (binary === undefined) return ociSource(address, reach);
    return ociImageSource(repository, { ...reach, binary, ...(platforms !== undefined && { platforms }) });
  }
  if (/^https?:/.test(address))
    return webSource(address, { ...http, ...(authorization !== undefined && { authorization }) });
  throw new OptionsError(`Expected an address that begins with dir:, https: or oci:, got ${quote(address)}.`);
}
