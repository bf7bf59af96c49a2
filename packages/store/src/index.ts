/** `rxplug-store`: finds, verifies, installs and names the files of plugins, for `createClient` and `supervise` of `rxplug`. */

export type { ArchiveLimits } from './archive/limits.js';
export { type PackedArchive, packArchive } from './archive/pack-archive.js';
export { readTree, type Tree, type TreeFile } from './archive/tree.js';
export { checksumOfTree, hashOfTree, treeHash } from './archive/tree-hash.js';
export { type ArchiveSource, placeProgram, unpackArchive } from './archive/unpack-archive.js';
export { verifyTree } from './archive/verify-tree.js';
export { createStore, type Store } from './create-store.js';
export type { Digest } from './digest.js';
export { StoreError, type StoreErrorCode } from './errors.js';
export { LOCK_FILE, type LockedPlatform, type LockedPlugin, type LockFile } from './lock/lock-file.js';
export { readLock } from './lock/read-lock.js';
export type { AddOptions, LockedEntry } from './operations/add.js';
export type { PluginChange } from './operations/changes.js';
export type { ConfirmSigner, InstallProgress, ProgressOptions, UnknownSigner } from './operations/context.js';
export type { InstalledPlugin, InstallOptions } from './operations/install.js';
export type { ListedPlugin, VerifiedPlugin } from './operations/list.js';
export type { LockOptions } from './operations/lock-version.js';
export type { MirroredPlugin, MirrorOptions } from './operations/mirror.js';
export type { StoreOptions, UnsignedPolicy } from './operations/options.js';
export type { PruneOptions } from './operations/prune.js';
export type { UpdatedPlugin, UpdateOptions } from './operations/update.js';
export type { UsablePlugin } from './operations/use.js';
export { createKeyFiles, type KeyFiles } from './publish/key-files.js';
export { type PackedPlugin, type PackOptions, packPlugin } from './publish/pack-plugin.js';
export { signIndex } from './publish/sign-index.js';
export { minisignVerifier } from './signing/minisign-verifier.js';
export { formatPublicKey, minisignKey, type PublicKey, parsePublicKey } from './signing/public-key.js';
export { releaseStatement } from './signing/release-statement.js';
export type { KdfLimits } from './signing/scrypt.js';
export {
  formatSecretKey,
  generateKey,
  parseSecretKey,
  type SecretKey,
  type SecretKeyOptions,
} from './signing/secret-key.js';
export { type SignOptions, signMinisign } from './signing/sign.js';
export { type ReleaseToSign, signRelease } from './signing/sign-release.js';
export { type SignerIdentity, type SigstoreIdentity, sigstoreSigner } from './signing/sigstore-identity.js';
export { type SigstoreOptions, sigstoreVerifier } from './signing/sigstore-verifier.js';
export { formatSums, parseSums } from './signing/sums.js';
export type { SignedRelease, Verifier } from './signing/verifier.js';
export { type Verified, type VerifyOptions, verifyMinisign } from './signing/verify.js';
export type { HttpOptions } from './sources/http/options.js';
export {
  type InstalledPluginsOptions,
  installedPlugins,
  type NpmPlugin,
  type NpmPlugins,
  type UnusablePackage,
} from './sources/npm/installed-plugins.js';
export type { RegistryOptions } from './sources/oci/connect.js';
export type { Credentials } from './sources/oci/credentials.js';
export { type ImageSourceOptions, ociImageSource } from './sources/oci/image-source.js';
export { ociSource } from './sources/oci/oci-source.js';
export { type PushedRelease, type PushOptions, pushRelease } from './sources/oci/push-release.js';
export { type OpenSourceOptions, openSource } from './sources/open-source.js';
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
export { directorySource, type WebSourceOptions, webSource } from './sources/static/static-source.js';
export { type IndexedRelease, writeIndex } from './sources/static/write-index.js';
export { type ReleaseInFolder, type WriteReleaseOptions, writeRelease } from './sources/static/write-release.js';
export { storeDirectory } from './store/store-directory.js';
export type { RemovedEntry } from './store/unused.js';
export type { HostVersion } from './versions/host-version.js';
export { currentPlatform, type PlatformFacts, platformKeys } from './versions/platform.js';
