import { createHash } from 'node:crypto';
import type { Digest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import type { HttpClient, WholeAnswer } from '../http/client.js';
import { download } from '../http/download.js';
import { type Refused, refusal } from '../http/failure.js';
import { type JsonObject, parseJson } from '../json.js';
import type { OpenFile, RequestOptions } from '../source.js';
import { type Descriptor, DOCKER_LIST, DOCKER_MANIFEST, descriptorsAt, INDEX, MANIFEST } from './descriptors.js';
import type { Repository } from './repository.js';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_TAGS = 20_000;
const MAX_PAGES = 200;

/** A manifest or an index, whose digest is that of its bytes. */
export interface RegistryManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly json: JsonObject;
}

/** Reading one repository. Everything rejects with StoreError. */
export interface RegistryReader {
  readonly repository: Repository;
  /** All tags, page by page. */
  tags(options?: RequestOptions): Promise<readonly string[]>;
  /** By tag or by digest, which is compared. */
  manifest(reference: string, options?: RequestOptions): Promise<RegistryManifest>;
  /** A whole blob of at most `maxBytes`, whose digest is compared. */
  blob(descriptor: Descriptor, maxBytes: number, options?: RequestOptions): Promise<Buffer>;
  open(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    options?: RequestOptions & { readonly offset?: number },
  ): Promise<OpenFile>;
  /** What refers to a manifest, of one type. */
  referrers(digest: Digest, artifactType: string, options?: RequestOptions): Promise<readonly Descriptor[]>;
}

export function registryReader(http: HttpClient, repository: Repository): RegistryReader {
  const at = (path: string) => new URL(`${repository.name}/${path}`, repository.api);
  const manifest: RegistryReader['manifest'] = async (reference, { signal } = {}) => {
    const url = at(`manifests/${reference}`);
    const headers = { accept: [INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(', ') };
    const answer = await http.read({ url, headers, signal }, MAX_MANIFEST_BYTES);
    if (answer.status !== 200) throw registryRefusal(url, 'GET', answer, answer.bytes);
    return manifestOf(answer, reference, `${repository.address}@${reference}`);
  };
  return {
    repository,
    manifest,
    tags: (options = {}) => allTags(http, at('tags/list'), repository, options),
    blob: async (descriptor, maxBytes, { signal } = {}) => {
      const url = at(`blobs/${descriptor.digest}`);
      const answer = await http.read({ url, signal }, Math.min(maxBytes, descriptor.size));
      if (answer.status !== 200) throw registryRefusal(url, 'GET', answer, answer.bytes);
      requireDigest(answer.bytes, descriptor.digest, `A blob of ${repository.address}`);
      return answer.bytes;
    },
    open: ({ digest, size }, { offset, signal } = {}) =>
      download(http, { url: at(`blobs/${digest}`), size, offset, signal }),
    referrers: (digest, artifactType, options = {}) => {
      const url = new URL(`?artifactType=${encodeURIComponent(artifactType)}`, at(`referrers/${digest}`));
      return allReferrers(http, manifest, url, { digest, artifactType }, options);
    },
  };
}

/** The status of a registry with the code of its error, such as MANIFEST_UNKNOWN: of what it says more could be anything. */
export function registryRefusal(url: URL, method: string, answer: Refused, body: Uint8Array): StoreError {
  const [, code] = /"code"\s*:\s*"([A-Z_]{1,40})"/.exec(Buffer.from(body.subarray(0, 4096)).toString('latin1')) ?? [];
  return refusal(url, method, answer, code === undefined ? '' : ` (${code})`);
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function requireDigest(bytes: Uint8Array, expected: string, what: string): void {
  const digest = digestOf(bytes);
  if (digest === expected) return;
  throw new StoreError(
    'ERR_DIGEST',
    `${what} has the digest ${digest}, and ${quote(expected)} was expected. It was changed, or damaged on the way.`,
  );
}

function manifestOf({ bytes, header }: WholeAnswer, reference: string, what: string): RegistryManifest {
  const expected = reference.startsWith('sha256:') ? reference : header('docker-content-digest');
  if (expected?.startsWith('sha256:')) requireDigest(bytes, expected, what);
  const json = parseJson(bytes, what);
  const type = json['mediaType'] ?? header('content-type')?.split(';')[0];
  const known = [INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].find((one) => one === type);
  if (known === undefined)
    throw new StoreError('ERR_SOURCE', `${what} is of the type ${quote(type)}. Expected an OCI or Docker manifest.`);
  return { digest: digestOf(bytes), size: bytes.length, mediaType: known, json };
}

async function allTags(
  http: HttpClient,
  first: URL,
  { address, api }: Repository,
  { signal }: RequestOptions,
): Promise<readonly string[]> {
  const tags: string[] = [];
  let url: URL | undefined = first;
  for (let pages = 0; url !== undefined; pages++) {
    const answer: WholeAnswer = await http.read({ url, signal }, MAX_MANIFEST_BYTES);
    if (answer.status !== 200) throw registryRefusal(url, 'GET', answer, answer.bytes);
    const { tags: page } = parseJson(answer.bytes, `the list of tags of ${address}`);
    if (Array.isArray(page))
      tags.push(...page.filter((tag) => typeof tag === 'string' && /^\w[\w.-]{0,127}$/.test(tag)));
    url = nextPage(answer.header('link'), url);
    if (tags.length > MAX_TAGS || pages >= MAX_PAGES || (url !== undefined && url.origin !== api.origin))
      throw new StoreError(
        'ERR_SOURCE',
        `The list of tags of ${address} does not end, or leads to another server. At most ${MAX_TAGS} are read.`,
      );
  }
  return tags;
}

/** The header is `</v2/acme/kv/tags/list?n=100&last=1.4.2>; rel="next"`. */
function nextPage(link: string | undefined, from: URL): URL | undefined {
  const [, target] = /<([^>]{1,2048})>\s*;[^,]*\brel="?next"?/.exec(link ?? '') ?? [];
  return target !== undefined && URL.canParse(target, from.href) ? new URL(target, from) : undefined;
}

/** By the API of referrers, and where a registry has none by the tag that takes its place. */
async function allReferrers(
  http: HttpClient,
  manifest: RegistryReader['manifest'],
  url: URL,
  { digest, artifactType }: { readonly digest: Digest; readonly artifactType: string },
  options: RequestOptions,
): Promise<readonly Descriptor[]> {
  const answer = await http.read({ url, signal: options.signal }, MAX_MANIFEST_BYTES);
  const what = `what refers to ${digest}`;
  let json: JsonObject | undefined;
  if (answer.status === 200) json = parseJson(answer.bytes, what);
  else if ([400, 404, 405].includes(answer.status)) json = await taggedReferrers(manifest, digest, options);
  else throw registryRefusal(url, 'GET', answer, answer.bytes);
  if (json?.['manifests'] === undefined) return [];
  return descriptorsAt(json['manifests'], what).filter((one) => one.artifactType === artifactType);
}

async function taggedReferrers(
  manifest: RegistryReader['manifest'],
  digest: Digest,
  options: RequestOptions,
): Promise<JsonObject | undefined> {
  try {
    return (await manifest(referrersTag(digest), options)).json;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'ERR_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The tag of what refers to a manifest, in registries without an API for it. */
export function referrersTag(digest: Digest): string {
  return digest.replace(':', '-');
}
