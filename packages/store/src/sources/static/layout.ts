import { valid } from 'semver';
import { type Digest, isDigest } from '../../digest.js';
import { entriesAt, type JsonObject, objectAt, parseJson, sizeAt, textAt, unexpected } from '../json.js';

/** The list of versions. */
export const INDEX_FILE = 'index.json';
/** Bytes of `index.json`, or of the file of a version. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** Bytes of `SHA256SUMS`, of its signature, of a public key. */
export const MAX_SIGNED_BYTES = 512 * 1024;

const MAX_VERSIONS = 10_000;
const MAX_PLATFORMS = 256;
const PLATFORM = /^(?:any|[a-z0-9]{1,20}-[a-z0-9]{1,20}(?:-musl)?)$/;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/;
const REFERENCE = /^[!-~]+$/;

/** `index.json`: where the file of each version is, relative to it. */
export type StaticIndex = ReadonlyMap<string, string>;

/** The file of a platform. */
export interface StaticFile {
  /** Relative to the file of the version, or an absolute address. */
  readonly url: string;
  readonly fileName: string;
  readonly digest: Digest;
  readonly size: number;
  /** The name of a program that is no archive. */
  readonly program?: string;
}

/** The file of a version. References are as in StaticFile. */
export interface StaticRelease {
  readonly manifest?: unknown;
  readonly platforms: Readonly<Record<string, StaticFile>>;
  readonly sums?: string;
  readonly signature?: string;
  readonly publicKey?: string;
}

/** The file of a version, where the index does not say it. */
export function versionFile(version: string): string {
  return `${version}.json`;
}

/** Reads `index.json`. Throws StoreError. Versions that are not semantic ones are left out. */
export function parseIndex(bytes: Uint8Array, what: string): StaticIndex {
  const { versions } = parseJson(bytes, what);
  const entries = entriesAt(versions, MAX_VERSIONS, `\`versions\` of ${what}`)
    .filter(([version]) => valid(version) === version.split('+')[0] && version.length <= 256)
    .map(([version, entry]) => {
      const at = `version ${version} of ${what}`;
      const { url } = objectAt(entry, at);
      const reference =
        url === undefined ? encodeURIComponent(versionFile(version)) : referenceAt(url, `\`url\` of ${at}`);
      return [version, reference] as const;
    });
  return new Map(entries);
}

/** Reads the file of a version. Throws StoreError. */
export function parseRelease(bytes: Uint8Array, what: string): StaticRelease {
  const json = parseJson(bytes, what);
  const platforms = entriesAt(json['platforms'], MAX_PLATFORMS, `\`platforms\` of ${what}`).map(([key, value]) => {
    const at = `platform ${textAt(key, PLATFORM, 'a platform such as linux-x64', `a key in \`platforms\` of ${what}`)} of ${what}`;
    return [key, fileAt(objectAt(value, at), at)] as const;
  });
  return {
    platforms: Object.fromEntries(platforms),
    ...(json['manifest'] !== undefined && { manifest: objectAt(json['manifest'], `\`manifest\` of ${what}`) }),
    ...optional(json, 'sums', what),
    ...optional(json, 'signature', what),
    ...optional(json, 'publicKey', what),
  };
}

function fileAt(value: JsonObject, at: string): StaticFile {
  const { digest } = value;
  if (!isDigest(digest)) throw unexpected(`\`digest\` of ${at}`, '`sha256:` with 64 hexadecimal digits', digest);
  const url = referenceAt(value['url'], `\`url\` of ${at}`);
  const last = decoded(url.split(/[?#]/)[0]!.split('/').at(-1)!);
  const fileName = textAt(value['fileName'] ?? last, FILE_NAME, 'the name of a file', `\`fileName\` of ${at}`);
  const size = sizeAt(value['size'], `\`size\` of ${at}`);
  if (value['program'] === undefined) return { url, fileName, digest, size };
  const program = textAt(value['program'], FILE_NAME, 'the name of a program', `\`program\` of ${at}`);
  return { url, fileName, digest, size, program };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function optional<K extends string>(json: JsonObject, key: K, what: string): { readonly [P in K]?: string } {
  const value = json[key];
  return (value === undefined ? {} : { [key]: referenceAt(value, `\`${key}\` of ${what}`) }) as { [P in K]?: string };
}

function referenceAt(value: unknown, what: string): string {
  return textAt(value, REFERENCE, 'a relative address, or one with https:', what);
}
