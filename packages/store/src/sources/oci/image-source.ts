import { PassThrough } from 'node:stream';
import { OptionsError } from 'rxplug';
import { valid } from 'semver';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import { requireKnown } from '../http/options.js';
import { objectAt, parseJson, textAt } from '../json.js';
import type { OpenFile, PlatformFile, PluginSource, Release, ReleaseFile, RequestOptions } from '../source.js';
import { connectRegistry, REGISTRY_OPTIONS, type RegistryOptions } from './connect.js';
import { type Descriptor, DOCKER_LIST, descriptorAt, descriptorsAt, INDEX } from './descriptors.js';
import { BinarySearch } from './find-binary.js';
import { type LayerEntry, type Packing, readLayer } from './layer.js';
import { byPlatform, platformKey } from './platforms.js';
import { type RegistryManifest, type RegistryReader, registryReader } from './registry.js';

/** Which program is taken out of an image. */
export interface ImageSourceOptions extends RegistryOptions {
  /** The path of the program in the image, `/bin/kv`, or its name, where only one file has it. */
  readonly binary: string;
  /**
   * The platforms to look at, `linux-x64`. An image does not say what the digest of a file in it is, so each is downloaded to find out.
   * @default the platform of this process
   */
  readonly platforms?: readonly string[];
}

const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_LAYERS = 256;
/** What a lock file can hold: printable ASCII, with a program's name at the end. */
const BINARY = /^(?:[!-~]{0,1000}\/)?\w[\w.+-]{0,127}$/;
const PACKINGS: ReadonlyMap<string, Packing> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
]);

/** Where a program is. */
interface Location {
  readonly layer: Descriptor;
  readonly path: string;
}

interface Image {
  readonly registry: RegistryReader;
  readonly what: string;
  readonly options: ImageSourceOptions;
  readonly request: RequestOptions;
}

/**
 * A program out of the container images of a repository, as a plugin: `oci://ghcr.io/openbao/openbao-plugin-secrets-aws`. Its versions are the
 * tags that are semantic versions, with or without `v`. There is no manifest and no signature; what the lock file pins is the digest of the
 * program. Throws OptionsError, and StoreError for an address that is none.
 *
 * @example
 * ```ts
 * const source = ociImageSource('oci://ghcr.io/openbao/openbao-plugin-secrets-aws', { binary: 'openbao-plugin-secrets-aws' });
 * ```
 */
export function ociImageSource(address: string, options: ImageSourceOptions): PluginSource {
  requireKnown('ociImageSource', options, [...REGISTRY_OPTIONS, 'binary', 'platforms']);
  const { binary, platforms: _, ...reach } = options;
  if (typeof binary !== 'string' || !BINARY.test(binary))
    throw new OptionsError(
      `Expected \`binary\` to be the name or the path of a file in the image, of letters, digits and \`._+-\`, got ${quote(binary)}.`,
    );
  const { http, repository } = connectRegistry('ociImageSource', address, reach);
  const registry = registryReader(http, repository);
  const tags = async (request?: RequestOptions) => versionsOf(await registry.tags(request));
  return {
    address: `${address}#${binary}`,
    list: async (request) => [...(await tags(request)).keys()],
    release: async (version, request = {}) => {
      const tag = (await tags(request)).get(version);
      if (tag === undefined)
        throw new StoreError('ERR_NOT_FOUND', `${address} has no tag for the version ${quote(version)}.`);
      return readImage({ registry, what: `${address}:${tag}`, options, request }, version, tag);
    },
    open: (file, request = {}) => openProgram(registry, file, request),
  };
}

/** Tags by version. `1.4.2` comes before `v1.4.2`. */
function versionsOf(tags: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const tag of tags) {
    const version = tag.replace(/^v/, '').replaceAll('_', '+');
    if (valid(version) !== null && (!found.has(version) || tag === version)) found.set(version, tag);
  }
  return found;
}

async function readImage(image: Image, version: string, tag: string): Promise<Release> {
  const { registry, options, request, what } = image;
  const there = await manifestsOf(image, await registry.manifest(tag, request));
  const wanted = options.platforms ?? [`${process.platform}-${process.arch}`];
  const platforms: [string, PlatformFile][] = [];
  for (const [key, manifest] of there)
    if (wanted.includes(key)) {
      const file = await programOf(image, key, await manifest());
      // In a mirror all platforms and versions are in one folder.
      platforms.push([key, { ...file, fileName: `${file.fileName}_${version}_${key}` }]);
    }
  if (platforms.length > 0) return { version, platforms: Object.fromEntries(platforms) };
  throw new StoreError(
    'ERR_PLATFORM',
    `${what} is for ${[...there.keys()].join(', ')}, and not for ${wanted.join(', ')}.`,
  );
}

/** The manifests by platform, none of which is read yet. Attestations, which are for `unknown/unknown`, are no images. */
async function manifestsOf(
  { registry, what, request }: Image,
  top: RegistryManifest,
): Promise<ReadonlyMap<string, () => Promise<RegistryManifest>>> {
  if (top.mediaType === INDEX || top.mediaType === DOCKER_LIST) {
    const all = descriptorsAt(top.json['manifests'], `\`manifests\` of ${what}`).filter(
      ({ platform }) => platform?.os !== 'unknown',
    );
    return new Map([...byPlatform(all)].map(([key, { digest }]) => [key, () => registry.manifest(digest, request)]));
  }
  const config = descriptorAt(top.json['config'], `\`config\` of ${what}`);
  const { os, architecture, variant } = parseJson(
    await registry.blob(config, MAX_CONFIG_BYTES, request),
    `the configuration of ${what}`,
  );
  const word = (value: unknown) => textAt(value, /^[!-~]{1,64}$/, 'a word', `the platform of ${what}`);
  const platform = { os: word(os), architecture: word(architecture), ...(typeof variant === 'string' && { variant }) };
  return new Map([
    [platformKey({ ...config, platform }) ?? `${platform.os}-${platform.architecture}`, async () => top],
  ]);
}

async function programOf(
  { registry, options, request, what }: Image,
  key: string,
  { json }: RegistryManifest,
): Promise<PlatformFile> {
  const at = `${what} for ${key}`;
  const layers = descriptorsAt(json['layers'], `\`layers\` of ${at}`);
  if (layers.length > MAX_LAYERS)
    throw new StoreError('ERR_SOURCE', `${at} has ${layers.length} layers; at most ${MAX_LAYERS} are read.`);
  const search = new BinarySearch(at, options.binary);
  for (const layer of layers.toReversed()) {
    const found = await search.layer(async (onEntry) => readOne(registry, layer, at, onEntry, request));
    if (found === undefined) continue;
    const location = JSON.stringify({ layer, path: found.path } satisfies Location);
    const program = options.binary.split('/').at(-1)!;
    return { digest: found.digest, size: found.size, location, fileName: program, program };
  }
  throw new StoreError('ERR_NOT_FOUND', `${at} has no file ${quote(options.binary)}. Give its path in the image.`);
}

async function readOne(
  registry: RegistryReader,
  layer: Descriptor,
  what: string,
  onEntry: (entry: LayerEntry) => void,
  request: RequestOptions,
): Promise<void> {
  const packing = packingOf(layer, what);
  const { stream } = await registry.open(layer, request);
  await readLayer(stream, packing, `A layer of ${what}`, onEntry);
}

function packingOf({ mediaType }: Descriptor, what: string): Packing {
  const packing = PACKINGS.get(mediaType);
  if (packing !== undefined) return packing;
  throw new StoreError(
    'ERR_SOURCE',
    `${what} has a layer of the type ${quote(mediaType)}. Expected tar, or tar with gzip or zstd.`,
  );
}

/** The program, out of its layer; from the start, because nothing in a packed layer can be found without what is before it. */
async function openProgram(registry: RegistryReader, file: ReleaseFile, { signal }: RequestOptions): Promise<OpenFile> {
  const { layer, path } = locationOf(file);
  const what = `A layer of ${registry.repository.address}`;
  const packing = packingOf(layer, what);
  const { stream } = await registry.open(layer, signal === undefined ? {} : { signal });
  const program = new PassThrough();
  let content: LayerEntry['content'] | undefined;
  program.once('close', () => {
    stream.destroy();
    content?.unpipe(program);
    content?.resume();
  });
  const reading = readLayer(stream, packing, what, (entry) => {
    if (entry.path !== path || entry.type !== 'file' || content !== undefined) return;
    content = entry.content;
    content.pipe(program);
  });
  reading.then(
    () =>
      content !== undefined ||
      program.destroy(new StoreError('ERR_NOT_FOUND', `${what} has no file /${path} any more.`)),
    // After the program has been read, what is behind it does not matter.
    (error: Error) => program.writableEnded || program.destroy(error),
  );
  return { offset: 0, stream: program };
}

function locationOf({ location }: ReleaseFile): Location {
  const { layer, path } = objectAt(
    parseJson(Buffer.from(location), 'the location of a program'),
    'the location of a program',
  );
  return {
    layer: descriptorAt(layer, 'the layer of a program'),
    path: textAt(path, /./, 'a path', 'the location of a program'),
  };
}
