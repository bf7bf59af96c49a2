import { formatReleaseComment } from './release-comment.js';
import type { SecretKey } from './secret-key.js';
import { signMinisign } from './sign.js';
import { parseSums } from './sums.js';

/** What is signed: the list of digests of one version of one plugin. */
export interface ReleaseToSign {
  /** The plugin's name, as its manifest has it. */
  readonly name: string;
  readonly version: string;
  /** The bytes of `SHA256SUMS`. */
  readonly sums: Uint8Array;
}

/**
 * Signs a release, and gives the text of `SHA256SUMS.minisig`. The signed comment names the plugin and the version. Throws
 * OptionsError for a name or version with a space, StoreError ERR_SIGNATURE for a malformed list.
 */
export function signRelease({ name, version, sums }: ReleaseToSign, key: SecretKey): string {
  parseSums(sums);
  return signMinisign(sums, key, { trustedComment: formatReleaseComment({ name, version }) });
}
