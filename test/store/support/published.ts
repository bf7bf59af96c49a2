/** Releases in a folder, and a source that reads them: what is in the folder is what it says, true or not. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Digest } from '../../../packages/store/src/digest.js';
import { StoreError } from '../../../packages/store/src/errors.js';
import { formatPublicKey } from '../../../packages/store/src/signing/public-key.js';
import type { SecretKey } from '../../../packages/store/src/signing/secret-key.js';
import { signRelease } from '../../../packages/store/src/signing/sign-release.js';
import { formatSums } from '../../../packages/store/src/signing/sums.js';
import type { PlatformFile, PluginSource, SourceFactory } from '../../../packages/store/src/sources/source.js';

/** What is published. */
export interface Publication {
  readonly version: string;
  readonly name?: string;
  /** What the manifest says besides name, version and how it is run. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Files of the archive besides the manifest, by path; those in `bin/` are programs. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly platforms?: readonly string[];
  readonly key?: SecretKey;
  /** The name and version that the signature names. */
  readonly signedAs?: { readonly name: string; readonly version: string };
}

/** A release as the folder has it, in JSON. */
export interface PublishedRelease {
  version: string;
  manifest?: unknown;
  platforms: Record<string, { -readonly [Key in keyof PlatformFile]: PlatformFile[Key] }>;
  signed?: { sums: string; signature: string; publicKey?: string };
}

/** Publishes a version in a folder, with an archive for each platform. */
export function publish(folder: string, publication: Publication): PublishedRelease {
  const { version, name = 'acme/kv', platforms = ['linux-x64', 'darwin-arm64'], key } = publication;
  const run = { any: ['node', 'plugin.cjs'] };
  const manifest = { manifestVersion: 1, name, version, run, ...publication.manifest };
  const release: PublishedRelease = { version, manifest, platforms: {} };
  for (const platform of platforms) {
    const fileName = `kv_${version}_${platform}.tgz`;
    const files = publication.files ?? { 'plugin.cjs': `console.log(${JSON.stringify(`${version} ${platform}`)})` };
    const archive = packed({ 'rxplug.plugin.json': JSON.stringify(manifest), ...files });
    writeFileSync(join(folder, fileName), archive);
    release.platforms[platform] = { digest: digestOf(archive), size: archive.length, location: fileName, fileName };
  }
  if (key !== undefined) release.signed = signatureOf(release, key, publication.signedAs ?? { name, version });
  write(folder, release);
  return release;
}

/** Writes a release as it is, with its lies. */
export function write(folder: string, release: PublishedRelease): void {
  writeFileSync(join(folder, `${release.version}.json`), JSON.stringify(release));
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Signs the digests of a release, as they are. */
export function signatureOf(release: PublishedRelease, key: SecretKey, as: { name: string; version: string }) {
  const files = Object.values(release.platforms).map(({ fileName, digest }) => [fileName, digest] as const);
  const sums = Buffer.from(formatSums(new Map(files)));
  return {
    sums: sums.toString('base64'),
    signature: Buffer.from(signRelease({ ...as, sums }, key)).toString('base64'),
    publicKey: Buffer.from(formatPublicKey(key.publicKey)).toString('base64'),
  };
}

/** What a test makes of a source: counts its requests, or what its streams do. */
export interface SourceHooks {
  readonly onRequest?: (what: string) => void;
  /** The stream of a file from an offset, in the place of the file's. */
  readonly open?: (path: string, offset: number) => { readonly offset: number; readonly stream: Readable };
}

/** The source of a folder, at `dir://FOLDER`. With another scheme it counts as a server. */
export function folderSource(folder: string, hooks: SourceHooks = {}, address = `dir://${folder}`): PluginSource {
  const { onRequest = () => undefined } = hooks;
  const read = (path: string, offset: number) => ({ offset, stream: createReadStream(path, { start: offset }) });
  return {
    address,
    list: async () => {
      onRequest('list');
      return readdirSync(folder).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
    },
    release: async (version) => {
      onRequest(`release ${version}`);
      const release = releaseIn(folder, version);
      const { signed } = release;
      if (signed === undefined) return { ...release, signed: undefined } as never;
      const bytes = (text: string) => Buffer.from(text, 'base64');
      const { publicKey } = signed;
      return {
        ...release,
        signed: {
          sums: bytes(signed.sums),
          signature: bytes(signed.signature),
          ...(publicKey === undefined ? {} : { publicKey: bytes(publicKey) }),
        },
      };
    },
    open: async ({ location }, { offset = 0 } = {}) => {
      onRequest(`open ${location} ${offset}`);
      return (hooks.open ?? read)(join(folder, location), offset);
    },
  };
}

/** Knows the addresses of folders, with hooks for all; `server://FOLDER` is one of a server. */
export function folderSources(hooks: SourceHooks = {}): SourceFactory {
  return (address) => {
    const [, folder] = /^(?:dir|server):\/\/(\/.*)$/.exec(address) ?? [];
    return folder === undefined ? undefined : folderSource(folder, hooks, address);
  };
}

function releaseIn(folder: string, version: string): PublishedRelease {
  try {
    return JSON.parse(readFileSync(join(folder, `${version}.json`), 'utf8')) as PublishedRelease;
  } catch (cause) {
    throw new StoreError('ERR_NOT_FOUND', `There is no ${version} in ${folder}.`, { cause });
  }
}

/** An archive of these files, made by tar. */
function packed(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const folder = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'pack'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content, { mode: path.startsWith('bin/') ? 0o755 : 0o644 });
    }
    return execFileSync('tar', ['-cz', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-C', folder, '.'], {
      maxBuffer: 1 << 28,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bytes that end without an end: the stream fails after them. */
export function broken(bytes: Buffer): Readable {
  return Readable.from(
    (async function* () {
      yield bytes;
      throw new Error('the connection was lost');
    })(),
  );
}
