import type { Readable } from 'node:stream';
import type { Digest } from '../digest.js';

/** What ends a request before its time. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** One file of a release. */
export interface ReleaseFile {
  readonly digest: Digest;
  /** Bytes. More are not read. */
  readonly size: number;
  /** Where the source finds it; only the source reads it. */
  readonly location: string;
}

/** The list of digests of one version, and its signature: the bytes of `SHA256SUMS` and of `SHA256SUMS.minisig`. */
export interface SignedSums {
  readonly sums: Uint8Array;
  readonly signature: Uint8Array;
  /**
   * The public key's file, `minisign.pub`, where the source offers it: a signature names its key and does not hold it. It is for the first
   * use, to be shown and confirmed; nothing is believed because of it.
   */
  readonly publicKey?: Uint8Array;
}

/** The file of a platform. */
export interface PlatformFile extends ReleaseFile {
  /** Its name in `SHA256SUMS`. */
  readonly fileName: string;
  /** For a file that is the program itself instead of an archive: the name that it gets. */
  readonly program?: string;
}

/** One version of a plugin, as a source tells it: nothing of it is believed before it is verified. */
export interface Release {
  readonly version: string;
  /** The text of the manifest, unparsed, where the source has it beside the archives. */
  readonly manifest?: unknown;
  /** The archives, by platform: `linux-x64`, or `any`. */
  readonly platforms: Readonly<Record<string, PlatformFile>>;
  readonly signed?: SignedSums;
}

/** An open file of a release. */
export interface OpenFile {
  /** Where the stream begins: what was asked for, or 0 where the source cannot resume. */
  readonly offset: number;
  readonly stream: Readable;
}

/** Where the versions of one plugin come from. */
export interface PluginSource {
  /** As the lock file has it: `https://plugins.example/acme/kv`, `oci://host/repository`, `dir:///srv/plugins/acme/kv`. */
  readonly address: string;
  /** All versions, in no order. Rejects with StoreError. */
  list(options?: RequestOptions): Promise<readonly string[]>;
  /** Rejects with StoreError, ERR_NOT_FOUND for a version that is not there. */
  release(version: string, options?: RequestOptions): Promise<Release>;
  /** Opens a file of a release at an offset in bytes. The reader checks size and digest. Rejects with StoreError. */
  open(file: ReleaseFile, options?: RequestOptions & { readonly offset?: number }): Promise<OpenFile>;
}

/** Makes the source of an address; undefined for an address that it does not know. */
export type SourceFactory = (address: string) => PluginSource | undefined;
