import type { SignedSums } from '../sources/source.js';

/** What a signature must be of: the list of digests of this plugin in this version, and no other. */
export interface SignedRelease extends SignedSums {
  /** The plugin's name, as its manifest and the lock have it: `acme/kv`. */
  readonly name: string;
  readonly version: string;
}

/** Tells who has signed a release. `minisignVerifier` is the one that is used by default. */
export interface Verifier {
  /**
   * Resolves with the signer, as the lock pins it: `minisign:RWQ…`. Rejects with StoreError: ERR_SIGNATURE for a signature that is
   * malformed, does not fit, or is by a key that `trusted` does not have. Without `trusted`
   * the key that the source offers is taken, for the caller to ask about.
   */
  verify(release: SignedRelease, trusted?: readonly string[]): Promise<{ readonly signer: string }>;
}
