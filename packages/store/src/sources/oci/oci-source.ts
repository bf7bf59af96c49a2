import { valid } from 'semver';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import type { PlatformFile, PluginSource, Release, ReleaseFile, RequestOptions, SignedSums } from '../source.js';
import { connectRegistry, type RegistryOptions } from './connect.js';
import {
  type Descriptor,
  descriptorAt,
  descriptorsAt,
  INDEX,
  MINISIG_FILE,
  PLUGIN,
  PLUGIN_ARCHIVE,
  PLUGIN_CONFIG,
  PUBLIC_KEY_FILE,
  SIGNATURE,
  SUMS_FILE,
  TITLE,
} from './descriptors.js';
import { byPlatform } from './platforms.js';
import { type RegistryManifest, type RegistryReader, registryReader } from './registry.js';

const MAX_CONFIG_BYTES = 256 * 1024;
const MAX_SIGNED_BYTES = 512 * 1024;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;

/**
 * Plugins in a registry, as `pushRelease` puts them there: `oci://ghcr.io/acme/kv`. Its versions are its tags, with `_` for the `+` of a
 * version. Throws StoreError for an address that is none.
 */
export function ociSource(address: string, options: RegistryOptions = {}): PluginSource {
  const { http, repository } = connectRegistry('ociSource', address, options);
  const registry = registryReader(http, repository);
  return {
    address,
    list: async (request) => (await registry.tags(request)).map(versionOf).filter((version) => valid(version) !== null),
    release: (version, request = {}) => readRelease(registry, version, request),
    open: ({ digest, size }, request) => registry.open({ digest, size }, request),
  };
}

/** A tag cannot have `+`. */
export function tagOf(version: string): string {
  return version.replaceAll('+', '_');
}

function versionOf(tag: string): string {
  return tag.replaceAll('_', '+');
}

async function readRelease(registry: RegistryReader, version: string, request: RequestOptions): Promise<Release> {
  const { address } = registry.repository;
  if (valid(version) === null) throw new StoreError('ERR_NOT_FOUND', `${address} has no version ${quote(version)}.`);
  const index = await registry.manifest(tagOf(version), request);
  const what = `${address}:${tagOf(version)}`;
  requirePlugin(index, what);
  const platforms: [string, PlatformFile][] = [];
  let config: Descriptor | undefined;
  for await (const [key, part] of partsOf(registry, index, what, request)) {
    const { file, manifest } = fileOf(part, what, key);
    if (config !== undefined && config.digest !== manifest.digest)
      throw new StoreError('ERR_SOURCE', `${what} has platforms with different manifests. Ask who publishes it.`);
    config = manifest;
    platforms.push([key, file]);
  }
  if (config === undefined) throw new StoreError('ERR_SOURCE', `${what} has no platforms. Ask who publishes it.`);
  const manifest = await registry.blob(config, MAX_CONFIG_BYTES, request);
  const signed = await signedOf(registry, index, request);
  const release = { version, manifest: manifest.toString('utf8'), platforms: Object.fromEntries(platforms) };
  return signed === undefined ? release : { ...release, signed };
}

/** Older clients copy an index without its artifactType; its platforms have it once more. */
function requirePlugin({ json, mediaType }: RegistryManifest, what: string): void {
  const kind = json['artifactType'];
  if (kind !== undefined && kind !== PLUGIN) throw noPlugin(what, kind);
  if (kind === undefined && mediaType !== INDEX) throw noPlugin(what, mediaType);
}

function noPlugin(what: string, kind: unknown): StoreError {
  return new StoreError(
    'ERR_SOURCE',
    `${what} is no plugin of rxplug but ${quote(kind)}. A program is taken out of a container image when the address ends with its name or path: #/bin/kv.`,
  );
}

/** The manifests of the platforms, one at a time in memory. */
async function* partsOf(
  registry: RegistryReader,
  index: RegistryManifest,
  what: string,
  request: RequestOptions,
): AsyncGenerator<readonly [string, RegistryManifest]> {
  if (index.mediaType !== INDEX) return void (yield ['any', index]);
  for (const [key, { digest }] of byPlatform(descriptorsAt(index.json['manifests'], `\`manifests\` of ${what}`)))
    yield [key, await registry.manifest(digest, request)];
}

function fileOf({ json }: RegistryManifest, what: string, key: string) {
  const at = `platform ${key} of ${what}`;
  const manifest = descriptorAt(json['config'], `\`config\` of ${at}`);
  const layers = descriptorsAt(json['layers'], `\`layers\` of ${at}`).filter(
    ({ mediaType }) => mediaType === PLUGIN_ARCHIVE,
  );
  const [layer] = layers;
  if (manifest.mediaType !== PLUGIN_CONFIG) throw noPlugin(at, manifest.mediaType);
  if (layer === undefined || layers.length > 1)
    throw new StoreError(
      'ERR_SOURCE',
      `Expected ${at} to have one archive, got ${layers.length}. Ask who publishes it.`,
    );
  const title = layer.annotations?.[TITLE] ?? '';
  const fileName = FILE_NAME.test(title) ? title : `${layer.digest.slice('sha256:'.length)}.tgz`;
  const file: ReleaseFile & { readonly fileName: string } = {
    digest: layer.digest,
    size: layer.size,
    location: layer.digest,
    fileName,
  };
  return { file, manifest };
}

/** The newest signature, which registries list last. */
async function signedOf(
  registry: RegistryReader,
  index: RegistryManifest,
  request: RequestOptions,
): Promise<SignedSums | undefined> {
  const referrer = (await registry.referrers(index.digest, SIGNATURE, request)).at(-1);
  if (referrer === undefined) return undefined;
  const { json } = await registry.manifest(referrer.digest, request);
  const layers = descriptorsAt(json['layers'], `\`layers\` of the signature of ${registry.repository.address}`);
  const read = async (type: string) => {
    const layer = layers.find(({ mediaType }) => mediaType === type);
    return layer === undefined ? undefined : registry.blob(layer, MAX_SIGNED_BYTES, request);
  };
  const [sums, signature, publicKey] = [await read(SUMS_FILE), await read(MINISIG_FILE), await read(PUBLIC_KEY_FILE)];
  if (sums === undefined || signature === undefined) return undefined;
  return publicKey === undefined ? { sums, signature } : { sums, signature, publicKey };
}
