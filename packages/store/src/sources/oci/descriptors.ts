import { type Digest, isDigest } from '../../digest.js';
import { StoreError } from '../../errors.js';
import { type JsonObject, objectAt, sizeAt, textAt, unexpected } from '../json.js';

/** Media types of manifests. Docker's are what most container images have. */
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
/** Of a configuration that says nothing. */
export const EMPTY = 'application/vnd.oci.empty.v1+json';

/** What a plugin is in a registry. */
export const PLUGIN = 'application/vnd.rxplug.plugin.v1';
/** The manifest of a plugin, `rxplug.plugin.json`. */
export const PLUGIN_CONFIG = 'application/vnd.rxplug.plugin.config.v1+json';
/** The archive of a plugin for one platform. */
export const PLUGIN_ARCHIVE = 'application/vnd.rxplug.plugin.v1.tar+gzip';
/** A list of digests and its signature, which refer to the index of a version. */
export const SIGNATURE = 'application/vnd.rxplug.plugin.signature.v1';
export const SUMS_FILE = 'application/vnd.rxplug.plugin.sums.v1';
export const MINISIG_FILE = 'application/vnd.rxplug.plugin.minisig.v1';
export const PUBLIC_KEY_FILE = 'application/vnd.rxplug.plugin.minisign-key.v1';

/** The name of a file. */
export const TITLE = 'org.opencontainers.image.title';
/** The platform in our words, which are finer: `linux-x64-musl`, `any`. */
export const PLATFORM = 'vnd.rxplug.platform';

/** Most descriptors of one manifest. */
const MAX_DESCRIPTORS = 512;

/** What something is, and by which digest a registry has it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: OciPlatform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A platform in the words of Go. */
export interface OciPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.features'?: readonly string[];
}

export function descriptorAt(value: unknown, what: string): Descriptor {
  const { mediaType, digest, size, artifactType, platform, annotations } = objectAt(value, what);
  if (!isDigest(digest)) throw unexpected(`\`digest\` of ${what}`, '`sha256:` with 64 hexadecimal digits', digest);
  return {
    mediaType: word(mediaType, `\`mediaType\` of ${what}`),
    digest,
    size: sizeAt(size, `\`size\` of ${what}`),
    ...(artifactType !== undefined && { artifactType: word(artifactType, `\`artifactType\` of ${what}`) }),
    ...(platform !== undefined && { platform: platformAt(platform, `\`platform\` of ${what}`) }),
    ...(annotations !== undefined && { annotations: texts(annotations, `\`annotations\` of ${what}`) }),
  };
}

export function descriptorsAt(value: unknown, what: string): readonly Descriptor[] {
  if (!Array.isArray(value)) throw unexpected(what, 'an array', value);
  if (value.length <= MAX_DESCRIPTORS)
    return value.map((one: unknown, index) => descriptorAt(one, `${what}[${index}]`));
  throw new StoreError('ERR_SOURCE', `${what} has ${value.length} entries; at most ${MAX_DESCRIPTORS} are read.`);
}

function platformAt(value: unknown, what: string): OciPlatform {
  const { os, architecture, variant } = objectAt(value, what);
  const of = { os: word(os, `\`os\` of ${what}`), architecture: word(architecture, `\`architecture\` of ${what}`) };
  return variant === undefined || variant === '' ? of : { ...of, variant: word(variant, `\`variant\` of ${what}`) };
}

/** Annotations that are no texts are left out: they are nobody's here. */
function texts(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries: JsonObject = value === null ? {} : objectAt(value, what);
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function word(value: unknown, what: string): string {
  return textAt(value, /^[!-~]{1,255}$/, 'a word', what);
}
