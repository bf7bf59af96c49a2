import { absolutePath } from '../../processes/current-directory.js';
import { openChecked } from './checked-file.js';
import { resolveSecureConfig, type SecureConfig } from './secure-config.js';

/**
 * Verifies the checksum of a file, for a runner of your own: what `processRunner` does for the option `secureConfig` of a client. The
 * file is closed again, so a replacement between this check and its use is not noticed. Rejects with SecurityError
 * ERR_CHECKSUM_MISMATCH, ERR_CHECKSUM_UNREADABLE, ERR_CHECKSUM_MISSING or ERR_CHECKSUM_HASH_MISSING, with OptionsError for a checksum
 * of the wrong length, or with the signal's reason.
 *
 * @example
 * ```ts
 * await verifyChecksum('/opt/plugins/kv.wasm', { hash: 'sha256', checksum }, { signal });
 * ```
 */
export async function verifyChecksum(
  file: string,
  expected: Pick<SecureConfig, 'checksum' | 'hash'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const secure = resolveSecureConfig(expected);
  const { signal = new AbortController().signal } = options;
  const { handle } = await openChecked({ file: absolutePath(file), cwd: '/', env: {} }, secure, { signal });
  await handle.close();
}
