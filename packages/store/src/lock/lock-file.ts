import type { Digest } from '../digest.js';

/** What `rxplug.lock` says: the exact files of every plugin, for all platforms. */
export interface LockFile {
  /** The version of this format. */
  readonly lockVersion: 1;
  /** By the names that the application gives them. */
  readonly plugins: Readonly<Record<string, LockedPlugin>>;
}

/** One plugin in one version. */
export interface LockedPlugin {
  /** The name that its manifest has, and that a signature has to name. */
  readonly name: string;
  /** The address of its source. */
  readonly source: string;
  /** The versions that `update` may choose. */
  readonly range: string;
  readonly version: string;
  /** Who signed it, as the verifier names them: `minisign:RWQ…`. Undefined for a plugin that was unsigned when it was added. */
  readonly signer?: string;
  /** By the platforms that there are files for: `linux-x64`, or `any`. */
  readonly platforms: Readonly<Record<string, LockedPlatform>>;
}

/** The file of one platform. */
export interface LockedPlatform {
  /** The digest of the archive. */
  readonly archive: Digest;
  /** Bytes of the archive. */
  readonly size: number;
  /** `h1:…`, Go's `dirhash.Hash1` of what was unpacked; where it was unpacked when the lock file was written. */
  readonly files?: string;
  /** For a file that is the program itself instead of an archive: the name that it gets. */
  readonly program?: string;
}

/** The file's usual name. */
export const LOCK_FILE = 'rxplug.lock';

export const EMPTY_LOCK: LockFile = Object.freeze({ lockVersion: 1, plugins: Object.freeze({}) });
