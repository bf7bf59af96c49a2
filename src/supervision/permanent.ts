import type { PluginError } from '../errors.js';

/** Failures that another start would repeat: of options, of checksums and certificates, of versions, of the program itself. */
const PERMANENT: ReadonlySet<string> = new Set([
  'ERR_OPTIONS',
  'ERR_SPAWN',
  'ERR_VERSION_CHANGED',
  'ERR_CORE_VERSION_MISMATCH',
  'ERR_APP_VERSION_MISMATCH',
  'ERR_PROTOCOL_NOT_ALLOWED',
  'ERR_MULTIPLEXING_NOT_SUPPORTED',
]);

/** What the system lacks for a moment, while a file is being written or memory is short. */
const TEMPORARY: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY']);

/** Whether a start that failed with the error would fail again in the same way. */
export function isPermanent(error: PluginError): boolean {
  if (error.name === 'SecurityError') return true;
  const cause = error.cause as { readonly code?: unknown } | undefined;
  return PERMANENT.has(error.code) && !TEMPORARY.has(cause?.code);
}
