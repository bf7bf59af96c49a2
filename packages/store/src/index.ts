/** `rxplug-store`: finds, verifies, installs and names the files of plugins, for `createClient` and `supervise` of `rxplug`. */

export type { Digest } from './digest.js';
export { StoreError, type StoreErrorCode } from './errors.js';
export { LOCK_FILE, type LockedPlatform, type LockedPlugin, type LockFile } from './lock/lock-file.js';
export { readLock } from './lock/read-lock.js';
export type { SignedRelease, Verifier } from './signing/verifier.js';
export type {
  OpenFile,
  PlatformFile,
  PluginSource,
  Release,
  ReleaseFile,
  RequestOptions,
  SignedSums,
  SourceFactory,
} from './sources/source.js';
export type { HostVersion } from './versions/host-version.js';
export { currentPlatform, type PlatformFacts, platformKeys } from './versions/platform.js';
