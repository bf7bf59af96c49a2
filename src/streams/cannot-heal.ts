import { PluginError } from '../errors.js';

/** Failures of options, of the plugin's file and of what both ends agree on: the next start has the same. */
const LASTING: ReadonlySet<string> = new Set([
  'ERR_OPTIONS',
  'ERR_SPAWN',
  'ERR_CORE_VERSION_MISMATCH',
  'ERR_APP_VERSION_MISMATCH',
  'ERR_PROTOCOL_NOT_ALLOWED',
  'ERR_MULTIPLEXING_NOT_SUPPORTED',
]);

/** What the system lacks for a moment: memory, processes, descriptors; a file that is still being written. */
const MOMENTARY: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY']);

/** A program that its interpreter cannot read: Node's and Python's words. */
const UNREADABLE_PROGRAM = /^\s*(?:SyntaxError|IndentationError|TabError)\b/;

/**
 * Whether starting again would fail in the same way, as far as the error tells: wrong options, a program that cannot be run or has a
 * syntax error, a wrong checksum, certificate or TLS setting, no common version or protocol.
 *
 * @example
 * ```ts
 * const giveUp = (error: unknown) => cannotHeal(error) || (error as Error).message.includes('license');
 * launch(options).pipe(retry({ delay: backoff({ initialMs: 100, maxMs: 30_000, giveUp }) }));
 * ```
 */
export function cannotHeal(error: unknown): boolean {
  if (!PluginError.is(error)) return false;
  if (error.name === 'SecurityError') return true;
  const { code, cause, details } = error;
  if (code === 'ERR_EXITED_EARLY') return details.stderr?.some((line) => UNREADABLE_PROGRAM.test(line)) ?? false;
  return LASTING.has(code) && !MOMENTARY.has((cause as { readonly code?: unknown } | undefined)?.code);
}
