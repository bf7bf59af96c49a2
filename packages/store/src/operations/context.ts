import type { Digest } from '../digest.js';
import type { Verifier } from '../signing/verifier.js';
import type { PluginSource } from '../sources/source.js';
import type { InstallPhase } from '../store/ensure-entry.js';
import type { HostVersion } from '../versions/host-version.js';

/** What the operations of a store have in common: its options, checked and complete. */
export interface StoreContext {
  /** The lock file's absolute path. */
  readonly lockFile: string;
  /** The store's absolute directory. */
  readonly root: string;
  readonly host: HostVersion | undefined;
  /** Signers; with none, the one that the lock file names. */
  readonly trust: readonly string[];
  readonly verifier: Verifier;
  /** The address of the mirror that files are fetched from, in the place of the sources. */
  readonly mirror: string | undefined;
  /** What is looked for in tables of platforms, the best first. */
  readonly platformKeys: () => readonly string[];
  readonly mayBeUnsigned: (address: string) => boolean;
  /**
   * The source of an address. Of container images these platforms are looked at, or else those of this process. Throws OptionsError for an
   * address that no source knows.
   */
  readonly sourceOf: (address: string, platforms?: readonly string[]) => PluginSource;
  readonly warn: (message: string) => void;
  /** The archives that `use` gave last, by the names that the application gives the plugins. */
  readonly used: Map<string, Digest>;
}

/** How far the installation of a plugin is. */
export interface InstallProgress {
  /** What the application calls the plugin. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  /** `installed` comes last, also for a plugin that was installed before. */
  readonly phase: InstallPhase | 'installed';
  /** How many bytes of the archive are there. */
  readonly bytes: number;
  /** The archive's size in bytes. */
  readonly totalBytes: number;
}

/** What operations take that can go on for a while. */
export interface ProgressOptions {
  readonly signal?: AbortSignal;
  /** Told after each piece of a download and at each step. */
  readonly onProgress?: (progress: InstallProgress) => void;
}

/** A signer that nobody has trusted yet. */
export interface UnknownSigner {
  /** As the lock file will name it: `minisign:RWQ…`. */
  readonly signer: string;
  /** The plugin's name. */
  readonly name: string;
  readonly version: string;
  readonly source: string;
}

/** Asks whether a signer is to be trusted from now on. */
export type ConfirmSigner = (unknown: UnknownSigner) => boolean | Promise<boolean>;
