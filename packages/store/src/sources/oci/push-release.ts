import { OptionsError } from 'rxplug';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { requireKnown } from '../http/options.js';
import type { PlatformFile, PluginSource, Release } from '../source.js';
import { connectRegistry, REGISTRY_OPTIONS, type RegistryOptions } from './connect.js';
import {
  type Descriptor,
  descriptorsAt,
  EMPTY,
  INDEX,
  MANIFEST,
  MINISIG_FILE,
  PLATFORM,
  PLUGIN,
  PLUGIN_ARCHIVE,
  PLUGIN_CONFIG,
  PUBLIC_KEY_FILE,
  SIGNATURE,
  SUMS_FILE,
  TITLE,
} from './descriptors.js';
import { tagOf } from './oci-source.js';
import { ociPlatform } from './platforms.js';
import { digestOf, type RegistryReader, referrersTag, registryReader } from './registry.js';
import { type Blob, blobOf, type RegistryWriter, registryWriter } from './registry-writer.js';

/** How a release is pushed. */
export interface PushOptions extends RegistryOptions {
  readonly signal?: AbortSignal;
  /** Another repository of the same registry, `acme/kv-test`, from which the registry takes archives that it has there. @default none */
  readonly mountFrom?: string;
  /** Uploads archives in pieces of this many bytes, for proxies that limit the size of a request. @default in one */
  readonly chunkBytes?: number;
  /** Whether a version that is there already, and is another one, is replaced. Who has locked it gets an error then. @default false */
  readonly overwrite?: boolean;
}

/** A version in a registry. */
export interface PushedRelease {
  /** `oci://ghcr.io/acme/kv`. */
  readonly address: string;
  readonly version: string;
  readonly tag: string;
  /** Of the index. */
  readonly digest: Digest;
}

interface Ends {
  readonly reader: RegistryReader;
  readonly writer: RegistryWriter;
}

/**
 * Pushes a version of a plugin to a registry, from any source: a directory, or another registry. The tag comes last, after the
 * signature, so that nobody sees a part of it. Rejects with StoreError: ERR_SOURCE for a version that is there and is another one.
 *
 * @example
 * ```ts
 * await pushRelease(directorySource('dir:///srv/plugins/acme/kv'), '1.4.2', 'oci://ghcr.io/acme/kv');
 * ```
 */
export async function pushRelease(
  source: PluginSource,
  version: string,
  address: string,
  { signal, mountFrom, chunkBytes, overwrite = false, ...options }: PushOptions = {},
): Promise<PushedRelease> {
  requireKnown('pushRelease', options, REGISTRY_OPTIONS);
  if (chunkBytes !== undefined && !(Number.isSafeInteger(chunkBytes) && chunkBytes > 0))
    throw new OptionsError(
      `Expected \`chunkBytes\` to be a positive integer, got ${String(chunkBytes)} (${typeof chunkBytes}).`,
    );
  const request = signal === undefined ? {} : { signal };
  const { http, repository } = connectRegistry('pushRelease', address, options, 'pull,push', mountFrom);
  const reader = registryReader(http, repository);
  const writer = registryWriter(http, repository, { ...request, mountFrom, chunkBytes });
  const release = await source.release(version, request);
  const index = jsonBytes(await indexOf({ reader, writer }, source, release, request));
  const digest = digestOf(index);
  if (!overwrite) await requireFree(reader, version, digest, request);
  await pushSignature({ reader, writer }, release, { mediaType: INDEX, digest, size: index.length });
  await writer.manifest(tagOf(version), INDEX, index);
  return { address, version, tag: tagOf(version), digest };
}

async function requireFree(
  reader: RegistryReader,
  version: string,
  digest: Digest,
  request: { signal?: AbortSignal },
): Promise<void> {
  const there = await found(reader.manifest(tagOf(version), request));
  if (there === undefined || there.digest === digest) return;
  throw new StoreError(
    'ERR_SOURCE',
    `${reader.repository.address} has another ${version} already. Publish a new version, or set \`overwrite\`: whoever has locked it gets an error then.`,
  );
}

/** Undefined for what is not there. */
async function found<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'ERR_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Pushes everything but the index, and gives the index. */
async function indexOf(
  ends: Ends,
  source: PluginSource,
  release: Release,
  request: { signal?: AbortSignal },
): Promise<object> {
  const { writer } = ends;
  const { manifest, platforms, version } = release;
  if (manifest === undefined)
    throw new StoreError(
      'ERR_SOURCE',
      `${source.address} has no manifest of ${version}. Write its index by \`rxplug plugin index\`.`,
    );
  const config = blobOf(Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest)));
  await writer.blob(config);
  const manifests: object[] = [];
  for (const [key, file] of Object.entries(platforms).sort(([a], [b]) => (a < b ? -1 : 1))) {
    await writer.blob({ ...file, open: (offset) => openAt(source, file, offset, request) });
    manifests.push(await pushPlatform(writer, key, file, config));
  }
  return {
    schemaVersion: 2,
    mediaType: INDEX,
    artifactType: PLUGIN,
    manifests,
    annotations: { 'org.opencontainers.image.version': version },
  };
}

/** Resolves with the entry of the index. */
async function pushPlatform(
  writer: RegistryWriter,
  key: string,
  { digest, size, fileName }: PlatformFile,
  config: Blob,
) {
  const pushed = await pushManifest(writer, {
    artifactType: PLUGIN,
    config: { mediaType: PLUGIN_CONFIG, digest: config.digest, size: config.size },
    layers: [{ mediaType: PLUGIN_ARCHIVE, digest, size, annotations: { [TITLE]: fileName } }],
  });
  const platform = ociPlatform(key);
  return {
    ...pushed.descriptor,
    artifactType: PLUGIN,
    ...(platform && { platform }),
    annotations: { [PLATFORM]: key },
  };
}

async function openAt(source: PluginSource, file: PlatformFile, offset: number, request: { signal?: AbortSignal }) {
  const { offset: begin, stream } = await source.open(file, { ...request, offset });
  if (begin === offset) return stream;
  stream.destroy();
  throw new StoreError(
    'ERR_SOURCE',
    `${source.address} cannot begin in the middle of a file. Push without \`chunkBytes\`.`,
  );
}

async function pushManifest(writer: RegistryWriter, fields: object) {
  const bytes = jsonBytes({ schemaVersion: 2, mediaType: MANIFEST, ...fields });
  const descriptor = { mediaType: MANIFEST, digest: digestOf(bytes), size: bytes.length };
  return { descriptor, ...(await writer.manifest(descriptor.digest, MANIFEST, bytes)) };
}

/** The signature refers to the index; a registry that does not list such manifests gets the list as a tag. */
async function pushSignature(
  { reader, writer }: Ends,
  { signed }: Release,
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
): Promise<void> {
  if (signed === undefined) return;
  const { sums, signature, publicKey } = signed;
  const files = [
    { mediaType: SUMS_FILE, title: 'SHA256SUMS', blob: blobOf(sums) },
    { mediaType: MINISIG_FILE, title: 'SHA256SUMS.minisig', blob: blobOf(signature) },
    ...(publicKey === undefined
      ? []
      : [{ mediaType: PUBLIC_KEY_FILE, title: 'minisign.pub', blob: blobOf(publicKey) }]),
  ];
  const config: Blob = blobOf(Buffer.from('{}'));
  for (const blob of [config, ...files.map((file) => file.blob)]) await writer.blob(blob);
  const { descriptor, listsReferrers } = await pushManifest(writer, {
    artifactType: SIGNATURE,
    config: { mediaType: EMPTY, digest: config.digest, size: config.size },
    layers: files.map(({ mediaType, title, blob: { digest, size } }) => ({
      mediaType,
      digest,
      size,
      annotations: { [TITLE]: title },
    })),
    subject,
  });
  if (!listsReferrers)
    await tagReferrer({ reader, writer }, subject.digest, { ...descriptor, artifactType: SIGNATURE });
}

async function tagReferrer({ reader, writer }: Ends, subject: Digest, referrer: Descriptor): Promise<void> {
  const tag = referrersTag(subject);
  const there = await found(reader.manifest(tag));
  const before = there === undefined ? [] : descriptorsAt(there.json['manifests'], `\`manifests\` of ${tag}`);
  const manifests = [...before.filter(({ digest }) => digest !== referrer.digest), referrer];
  await writer.manifest(tag, INDEX, jsonBytes({ schemaVersion: 2, mediaType: INDEX, manifests }));
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
