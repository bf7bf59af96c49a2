import type { Writable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { HandshakeError, SecurityError, StartError } from '../errors.js';
import type { PluginSet } from '../protocols/contract.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { Runner } from '../runners/runner.js';
import { fromReadable } from '../streams/from-readable.js';
import { handshake as firstLine } from '../streams/handshake.js';
import { lines } from '../streams/lines.js';
import { certificatePemOf, type Identity } from '../transports/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls.js';
import type { Address } from '../wire/address.js';
import { type Handshake, parseHandshake } from '../wire/handshake.js';
import type { Logger } from '../wire/logger.js';
import { createRunner } from './launch.js';
import type { ResolvedClientOptions } from './options.js';
import type { HostParts } from './parts.js';
import { explainTls } from './tls-failure.js';

/** What a start needs of its client, and tells it on the way. */
export interface StartContext {
  readonly options: ResolvedClientOptions;
  readonly parts: HostParts;
  readonly logger: Logger;
  readonly syncStdout: Writable;
  readonly syncStderr: Writable;
  /** Aborted, with the error to reject with, when the start has become pointless: stopped, late, or the process is gone. */
  readonly signal: AbortSignal;
  /** Private directory of this plugin's sockets; none where sockets are TCP. */
  readonly socketDir: string | undefined;
  onRunner(runner: Runner): void;
  onLaunched(): void;
  onHandshake(handshake: Handshake): void;
}

/** A plugin that has shaken hands and is connected. */
export interface Started {
  readonly handshake: Handshake;
  readonly protocol: ClientProtocol;
}

/** From nothing to a connected plugin. Whatever was started belongs to the caller, who has it since `onRunner`. */
export async function startPlugin(context: StartContext): Promise<Started> {
  const { options, parts, signal } = context;
  const identity = options.autoMtls ? await parts.certificateAuthority.issue() : undefined;
  const runner = await createRunner(options, parts, identity, context.socketDir);
  signal.throwIfAborted();
  context.onRunner(runner);
  await runner.start({ signal });
  context.onLaunched();
  const handshake = await shakeHands(runner, context);
  context.onHandshake(handshake);
  const tls = options.tls ?? (identity === undefined ? undefined : autoMtls(identity, handshake));
  const protocol = await connect(runner, handshake, tls, context);
  return { handshake, protocol };
}

async function shakeHands(runner: Runner, { options, signal }: StartContext): Promise<Handshake> {
  const line$ = fromReadable(runner.stdout).pipe(lines({ tooLong: 'fail' }));
  try {
    const line = await untilAborted(
      firstValueFrom(firstLine(line$, runner.exit$, { timeoutMs: options.startTimeoutMs })),
      signal,
    );
    return parseHandshake(line, {
      appVersions: [...options.versions.keys()],
      allowedProtocols: options.allowedProtocols,
      translateAddress: (address) => runner.pluginToHost(address as Address),
    });
  } catch (error) {
    throw await withDiagnosis(error, runner);
  } finally {
    // Nobody reads the real stdout any more, and the plugin must never block on it.
    runner.stdout.resume();
  }
}

/** Field 6 names the one certificate that is trusted. Without it there is nobody to trust: never fall back to plain text. */
function autoMtls(identity: Identity, { serverCertificate }: Handshake): TlsConfig {
  if (serverCertificate !== undefined) return mutualTls(identity, certificatePemOf(serverCertificate));
  throw new SecurityError(
    'ERR_TLS_NOT_SUPPORTED',
    'The plugin announced no certificate, but `autoMtls` is on. Update the plugin library that it is built with ' +
      '(go-plugin 1.0.0 or newer, and no TLS configuration of its own), or turn `autoMtls` off.',
  );
}

async function connect(
  runner: Runner,
  handshake: Handshake,
  tls: TlsConfig | undefined,
  context: StartContext,
): Promise<ClientProtocol> {
  const { parts, options, signal, logger, syncStdout, syncStderr } = context;
  const factory = parts.protocols[handshake.protocol];
  if (factory === undefined)
    throw new HandshakeError(
      'ERR_PROTOCOL_NOT_ALLOWED',
      `The plugin speaks ${handshake.protocol}, for which this host has no implementation. Bind one, or leave it out of \`allowedProtocols\`.`,
    );
  const network = parts.createNetwork(runner, context.socketDir);
  const plugins: PluginSet = options.versions.get(handshake.appVersion) ?? {};
  const dialer = network.dialerTo(handshake.address);
  const multiplex = handshake.multiplexed;
  try {
    return await factory({ dialer, network, tls, multiplex, plugins, syncStdout, syncStderr, logger, signal });
  } catch (error) {
    throw await explainTls(error, dialer, { secure: tls !== undefined });
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Asks the runner why a plugin might not have spoken, where the error leaves that open. */
async function withDiagnosis(error: unknown, runner: Runner): Promise<unknown> {
  const silent = error instanceof StartError || (error instanceof HandshakeError && UNSPOKEN.has(error.code));
  return silent ? error.with({ diagnosis: await runner.diagnose() }) : error;
}

const UNSPOKEN: ReadonlySet<string> = new Set([
  'ERR_HANDSHAKE_NO_LINE',
  'ERR_HANDSHAKE_UNRECOGNIZED',
  'ERR_HANDSHAKE_LINE_TOO_LONG',
]);
