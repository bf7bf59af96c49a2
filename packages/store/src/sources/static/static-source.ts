import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { OptionsError } from 'rxplug';
import { rcompare } from 'semver';
import { StoreError } from '../../errors.js';
import { quote, someOf } from '../../quote.js';
import { serverAddress } from '../http/address.js';
import { createHttpClient } from '../http/client.js';
import { HTTP_OPTIONS, type HttpOptions, requireKnown, resolveHttp } from '../http/options.js';
import type { PluginSource, Release, RequestOptions, SignedSums } from '../source.js';
import { directoryPlace } from './directory-place.js';
import {
  INDEX_FILE,
  MAX_JSON_BYTES,
  MAX_SIGNED_BYTES,
  parseIndex,
  parseRelease,
  type StaticRelease,
} from './layout.js';
import type { Place } from './place.js';
import { webPlace } from './web-place.js';

/** How a web server is read. */
export interface WebSourceOptions extends HttpOptions {
  /** The header `Authorization` for the origin of the index, and for no other: `Bearer …`. @default none */
  readonly authorization?: string;
}

/**
 * Plugins in a directory, as `writeIndex` and `rxplug plugin mirror` lay it out: `dir:///srv/plugins/acme/kv`, with `%20` for a space as in
 * `file:`, or `dir:` with a path as it is. Throws OptionsError for a path that is not absolute.
 */
export function directorySource(address: string): PluginSource {
  const directory = directoryOf(address);
  if (!isAbsolute(directory)) throw new OptionsError(`Expected \`dir:\` with an absolute path, got ${quote(address)}.`);
  // A lock file has addresses without spaces.
  const printable = /^[!-~]*$/.test(address) ? address : pathToFileURL(directory).href.replace(/^file:/, 'dir:');
  return staticSource(printable, directoryPlace(directory), INDEX_FILE);
}

function directoryOf(address: string): string {
  if (!address.startsWith('dir://')) return address.slice('dir:'.length);
  try {
    return fileURLToPath(`file:${address.slice('dir:'.length)}`);
  } catch {
    return '';
  }
}

/**
 * Plugins on a web server, laid out as in a directory: `https://plugins.example/acme/kv`, where `index.json` is, or the address of another
 * file like it. Throws StoreError for an address that is not encrypted.
 *
 * @example
 * ```ts
 * const source = webSource('https://github.com/acme/kv/releases/latest/download/index.json');
 * ```
 */
export function webSource(address: string, options: WebSourceOptions = {}): PluginSource {
  requireKnown('webSource', options, [...HTTP_OPTIONS, 'authorization']);
  const http = createHttpClient(resolveHttp(options));
  const url = serverAddress(address, http.options.insecure);
  if (url.username !== '' || url.password !== '')
    throw new OptionsError('Expected an address without name and password. Give them by `authorization`.');
  const index = url.pathname.endsWith('.json') ? url : new URL(INDEX_FILE, url.href.replace(/\/?$/, '/'));
  return staticSource(address, webPlace(http, index, options.authorization), index.href);
}

function staticSource(address: string, place: Place, index: string): PluginSource {
  const versions = async (options: RequestOptions) =>
    parseIndex(await place.read(index, MAX_JSON_BYTES, options), `the index of ${address}`);
  return {
    address,
    list: async (options = {}) => [...(await versions(options)).keys()],
    release: async (version, options = {}) => {
      const there = await versions(options);
      const reference = there.get(version);
      if (reference === undefined) throw noVersion(address, version, [...there.keys()]);
      const location = place.locate(reference, index);
      const release = parseRelease(
        await place.read(location, MAX_JSON_BYTES, options),
        `version ${version} of ${address}`,
      );
      return located(place, location, version, release, options);
    },
    open: async (file, options = {}) => place.open(file, options),
  };
}

async function located(
  place: Place,
  from: string,
  version: string,
  release: StaticRelease,
  options: RequestOptions,
): Promise<Release> {
  const platforms = Object.entries(release.platforms).map(
    ([key, { url, ...file }]) => [key, { ...file, location: place.locate(url, from) }] as const,
  );
  const signed = await signedOf(place, from, release, options);
  return {
    version,
    platforms: Object.fromEntries(platforms),
    ...(release.manifest !== undefined && { manifest: release.manifest }),
    ...(signed !== undefined && { signed }),
  };
}

async function signedOf(
  place: Place,
  from: string,
  { sums, signature, publicKey }: StaticRelease,
  options: RequestOptions,
): Promise<SignedSums | undefined> {
  if (sums === undefined || signature === undefined) return undefined;
  const read = (reference: string) => place.read(place.locate(reference, from), MAX_SIGNED_BYTES, options);
  return {
    sums: await read(sums),
    signature: await read(signature),
    ...(publicKey !== undefined && { publicKey: await read(publicKey) }),
  };
}

function noVersion(address: string, version: string, there: readonly string[]): StoreError {
  return new StoreError(
    'ERR_NOT_FOUND',
    `${address} has no version ${quote(version)}. It has: ${someOf([...there].sort(rcompare))}.`,
  );
}
