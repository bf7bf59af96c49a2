import { PluginError, SecurityError } from '../errors.js';
import { speaksTls } from '../transports/tls/tls.js';
import type { Dialer } from '../transports/transport.js';

/** Long enough for a handshake, short enough to come before a user's own patience ends. */
const PROBE_TIMEOUT_MS = 1000;

/** What a connection ends with when one end speaks TLS and the other does not, or when the server refuses the client's certificate. */
const SUSPECT: ReadonlySet<string> = new Set([
  'ERR_CONNECTION_LOST',
  'ERR_DIAL',
  'ERR_HTTP2_PROTOCOL',
  'ERR_YAMUX_PROTOCOL',
]);

/**
 * The error to report for a conversation that did not begin: SecurityError ERR_TLS when the plugin, asked once more, turns out to
 * speak TLS; the error as it is when it does not, or does not answer any more. Never rejects.
 */
export async function explainTls(
  error: unknown,
  dialer: Dialer,
  options: { readonly secure: boolean },
): Promise<unknown> {
  if (!PluginError.is(error) || !SUSPECT.has(error.code)) return error;
  if (!(await speaksTls(dialer, { timeoutMs: PROBE_TIMEOUT_MS }))) return error;
  const what = options.secure
    ? "The plugin refused this host's certificate: it ended the connection right after the TLS handshake. Give it the CA of the " +
      'certificate in `tls`, or use `autoMtls`.'
    : 'The plugin speaks TLS, and this host does not. Set `tls`, or `autoMtls` and leave TLS to it.';
  return new SecurityError('ERR_TLS', what, { cause: error });
}
