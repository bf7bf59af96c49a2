import { firstValueFrom, fromEvent, takeUntil } from 'rxjs';
import {
  ClosedError,
  type ErrorDetails,
  errorMessage,
  PluginError,
  ProtocolError,
  SecurityError,
  StartError,
  TransportError,
} from '../../errors.js';
import type { ProtocolName } from '../../protocols/contract.js';
import type { Exit, PluginIdentity } from '../../streams/lifecycle.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import {
  isAutoMtls,
  newestTls,
  refusedAutoMtls,
  refusedByEndpoint,
  speaksTls,
  type TlsConfig,
} from '../../transports/tls/tls.js';
import type { Dialer } from '../../transports/transport.js';
import type { Address } from '../../wire/handshake/address.js';
import { errorLine } from '../../wire/logs/error-line.js';
import { quoteText } from '../../wire/quote.js';

/** Which plugin an error is of. */
export function identityDetails({ name, version }: PluginIdentity): Pick<ErrorDetails, 'plugin' | 'version'> {
  return { plugin: name, ...(version === undefined ? {} : { version }) };
}

/** The start has taken longer than `startTimeoutMs`. */
export function startTimeout(startTimeoutMs: number): StartError {
  return new StartError(
    'ERR_START_TIMEOUT',
    `The plugin was not ready within ${startTimeoutMs} ms. Check that the command is a plugin, or raise \`startTimeoutMs\`.`,
  );
}

/** The application has ended the start with its signal. */
export function abortedStart(reason: unknown): StartError {
  return new StartError('ERR_START_ABORTED', 'The start was aborted by the `signal` of the application.', {
    cause: reason,
  });
}

/** What a start rejects with: a part of the application, or the system, may throw anything. */
export function asStartError(thrown: unknown): PluginError {
  if (PluginError.is(thrown)) return thrown;
  return new StartError('ERR_SPAWN', `The plugin could not be started: ${errorMessage(thrown)}.`, { cause: thrown });
}

/** The plugin exited after its handshake and before it was connected to. */
export function exitedWhileConnecting(exit: Exit): StartError {
  const message = `The plugin exited ${describe(exit)} before the host could connect.`;
  return new StartError('ERR_EXITED_EARLY', message, { details: { exitCode: exit.code, signal: exit.signal } });
}

/** The plugin exited while it was running, and the host had not asked it to. */
export function exitedUnexpectedly(plugin: PluginIdentity, exit: Exit, stderr: readonly string[]): ClosedError {
  const message = `The plugin ${plugin.name} exited ${describe(exit)}, which nobody had asked it to. ${lastWords(stderr)}`;
  return new ClosedError('ERR_PLUGIN_EXITED', message, {
    details: { ...identityDetails(plugin), exitCode: exit.code, signal: exit.signal, stderr },
  });
}

/** What a plugin said on stderr, in a sentence. */
export function lastWords(stderr: readonly string[]): string {
  if (stderr.length === 0) return 'It wrote nothing to stderr.';
  const line = errorLine(stderr);
  if (line === undefined) return 'It wrote no error to stderr (details.stderr has its last lines).';
  return `It wrote to stderr: ${quoteText(withoutFullStop(line))}${stderr.length > 1 ? ' (details.stderr has more)' : ''}.`;
}

const MAX_LAST_LINES = 3;

/** The last lines of stderr, quoted; undefined when there is none. */
export function lastLines(stderr: readonly string[]): string | undefined {
  const lines = stderr.map((line) => withoutFullStop(line.trim())).filter((line) => line !== '');
  if (lines.length === 0) return undefined;
  return lines
    .slice(-MAX_LAST_LINES)
    .map((line) => quoteText(line))
    .join(', ');
}

/** What became of a plugin that cannot be reached: it exited, or what the host has done with it. */
type AfterLoss = Exit | 'killed' | 'left' | 'endpoint';

/** The connection was lost while the process lived, and no other could be made. */
export function connectionLost(cause: PluginError, then: AfterLoss, plugin: ErrorDetails): TransportError {
  const lives = typeof then === 'object' ? ', though its process lived' : ', though its process lives';
  const message = `The plugin can be reached no more${then === 'endpoint' ? '' : lives}: ${withoutFullStop(cause.message)}. ${describeAfter(then)}`;
  const exit = typeof then === 'object' ? { exitCode: then.code, signal: then.signal } : {};
  return new TransportError('ERR_CONNECTION_LOST', message, { cause, details: { ...plugin, ...exit } });
}

function describeAfter(then: AfterLoss): string {
  if (then === 'endpoint')
    return 'Connect again once it can be reached, for instance with `supervise`, or raise `grpc.reconnectTimeoutMs`.';
  if (then === 'left')
    return 'It was left as it is, since this client had reattached to it. Reattach again, or start another.';
  const how = then === 'killed' ? 'It was killed' : `Without its connection it exited ${describe(then)}`;
  return `${how}. Start it again, for instance with \`retry\` on \`launch\`.`;
}

function describe({ code, signal }: Exit): string {
  if (signal !== null) return `by ${signal}`;
  return code === null ? 'in an unknown way' : `with code ${code}`;
}

/** A connection that could not be made. */
export interface FailedConnect {
  readonly protocol: ProtocolName;
  readonly address: Address;
  readonly tls: TlsConfig | undefined;
  readonly dialer: Dialer;
  readonly startTimeoutMs: number;
  /** The address is the host's own option. */
  readonly isRemote: boolean;
  /** Aborted when the start has failed for another reason. */
  readonly signal: AbortSignal;
}

/**
 * The error to report when a plugin could not be connected to. The layers below know neither whether the plugin speaks TLS, nor what
 * was connected to, nor that the process has exited. Never rejects.
 */
export async function explainConnectError(error: unknown, failed: FailedConnect): Promise<unknown> {
  const tlsError = await explainTlsError(error, failed);
  return explainLostConnection(explainError(tlsError, failed), failed.signal);
}

/** Bound of the question whether a plugin speaks TLS. */
const TLS_PROBE_TIMEOUT_MS = 1000;

/** How connecting fails when only one end speaks TLS, or when the plugin refuses this host's certificate. */
const TLS_SUSPECTS: ReadonlySet<string> = new Set([
  'ERR_CONNECTION_LOST',
  'ERR_DIAL',
  'ERR_HTTP2_PROTOCOL',
  'ERR_YAMUX_PROTOCOL',
]);

/** SecurityError ERR_TLS when a further connection shows that the plugin speaks TLS; otherwise the error as it is. */
async function explainTlsError(error: unknown, { dialer, tls, isRemote }: FailedConnect): Promise<unknown> {
  if (!PluginError.is(error) || !TLS_SUSPECTS.has(error.code)) return error;
  if (!(await speaksTls(dialer, { timeoutMs: TLS_PROBE_TIMEOUT_MS }))) return error;
  const message =
    tls === undefined
      ? isRemote
        ? 'The endpoint speaks TLS, and this host does not. Set `endpoint.tls`.'
        : 'The plugin speaks TLS, and this host does not. Set `tls`, or set `autoMtls` on this host and no TLS in the plugin.'
      : `The plugin refused this host's certificate: it ended the connection right after the TLS handshake. ${await refusalCure(tls, isRemote)}`;
  return new SecurityError('ERR_TLS', message, { cause: error });
}

async function refusalCure(tls: TlsConfig, isRemote: boolean): Promise<string> {
  if (isAutoMtls(tls)) return refusedAutoMtls(tls);
  if (isRemote) return refusedByEndpoint(await newestTls(tls).catch(() => tls));
  return 'Give the plugin the CA of the certificate in `tls`, or use `autoMtls` instead of `tls`.';
}

const PROTOCOL_TITLES: Readonly<Record<ProtocolName, string>> = { grpc: 'gRPC', netrpc: 'net/rpc' };

/** The error with what was connected to and what to check. */
function explainError(error: unknown, { protocol, address, startTimeoutMs, isRemote }: FailedConnect): unknown {
  const title = PROTOCOL_TITLES[protocol];
  const where = `${address.network} ${address.address}`;
  if (error instanceof ProtocolError) {
    const message =
      `What listens at ${where} does not speak ${title}: ${withoutFullStop(error.message)}. ` +
      "Check that the plugin's handshake names its own address and protocol, and that both ends have the same TLS settings.";
    const { wireCode } = error;
    return new ProtocolError(error.code, message, { cause: error, ...(wireCode === undefined ? {} : { wireCode }) });
  }
  if (error instanceof TransportError && error.code === 'ERR_CONNECTION_LOST') {
    const message =
      `The plugin at ${where} ended the connection before it sent any ${title}: ${withoutFullStop(error.message)}. ` +
      'Look at details.stderr, and check that both ends have the same TLS settings.';
    return new TransportError('ERR_CONNECTION_LOST', message, { cause: error });
  }
  if (error instanceof StartError && error.code === 'ERR_START_TIMEOUT') {
    const named = isRemote ? 'The endpoint is' : "The plugin's handshake names";
    const message =
      `${named} ${where}, and the plugin did not answer there within the ${startTimeoutMs} ms of its start. ` +
      `Check that it serves ${title} there, or raise \`startTimeoutMs\`.`;
    return new StartError('ERR_START_TIMEOUT', message, { cause: error });
  }
  return error;
}

function withoutFullStop(message: string): string {
  return message.replace(/\.$/, '');
}

/** How long the exit of a process may come after the end of its connection. */
const EXIT_DELAY_MS = 1000;

const LOST_CONNECTION: ReadonlySet<string> = new Set(['ERR_DIAL', 'ERR_CONNECTION_LOST']);

/** A lost connection is often the first sign of an exit, which tells more: the signal's reason, if it is aborted soon after. */
async function explainLostConnection(error: unknown, signal: AbortSignal): Promise<unknown> {
  if (!PluginError.is(error) || !LOST_CONNECTION.has(error.code)) return error;
  if (!signal.aborted) {
    const waited$ = loopTimer(EXIT_DELAY_MS).pipe(takeUntil(fromEvent(signal, 'abort')));
    await firstValueFrom(waited$, { defaultValue: undefined });
  }
  return signal.aborted ? signal.reason : error;
}
