/** `rxplug-store`: finds, verifies, installs and names the files of plugins, for `createClient` and `supervise` of `rxplug`. */

export type { Digest } from './digest.js';
export { StoreError, type StoreErrorCode } from './errors.js';
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
