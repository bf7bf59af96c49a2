import { firstValueFrom } from 'rxjs';
import { errorMessage, HandshakeError, PluginError, SecurityError, StartError } from '../errors.js';
import type { Runner, RunnerSpec } from '../runners/runner.js';
import { decode } from '../streams/decode.js';
import { fromReadable } from '../streams/from-readable.js';
import { handshake as firstLine, unannounced } from '../streams/handshake.js';
import { untilAborted } from '../streams/until-aborted.js';
import { certificatePemOf, type Identity } from '../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../transports/tls/tls.js';
import type { Address } from '../wire/handshake/address.js';
import { acceptHandshake, type Handshake } from '../wire/handshake/parse-handshake.js';
import { LineDecoder } from '../wire/lines.js';
import { explainBroken } from './broken-start.js';
import { connect } from './connect.js';
import type { Launch, LaunchContext } from './launch.js';
import type { StartLaunch } from './launch-options.js';
import { runnerSpec } from './plugin-environment.js';

/** Starts a process, or whatever the runner runs, and shakes hands with it (go-plugin client.go Start). */
export function startPlugin(launch: StartLaunch): Launch {
  return async (context) => {
    const { options, parts, signal } = context;
    const identity = options.autoMtls ? await parts.certificateAuthority.issue() : undefined;
    const runner = await run(launch, context, runnerSpec(launch, identity, context));
    context.onLaunched();
    const handshake = await shakeHands(runner, context);
    signal.throwIfAborted();
    context.onHandshake(handshake);
    const { protocol: name, appVersion: protocolVersion, address, multiplexed: multiplex } = handshake;
    const plugins = options.versions.get(protocolVersion) ?? {};
    const tls = options.tls ?? (identity === undefined ? undefined : autoMtls(identity, handshake));
    try {
      const protocol = await connect(runner, { protocol: name, plugins, address, tls, multiplex }, context);
      return { protocol, protocolVersion, address };
    } catch (error) {
      throw await explainBroken(error, signal);
    }
  };
}

/** Makes the runner that the options ask for, and starts it. A runner of the caller's own may throw anything: it becomes a StartError. */
async function run(launch: StartLaunch, { parts, signal, onRunner }: LaunchContext, spec: RunnerSpec): Promise<Runner> {
  const create = launch.kind === 'runner' ? launch.runner : parts.createRunner;
  try {
    const runner = await create(spec);
    signal.throwIfAborted();
    onRunner(runner);
    await runner.start({ signal });
    return runner;
  } catch (cause) {
    if (PluginError.is(cause) || signal.aborted) throw cause;
    throw new StartError('ERR_SPAWN', `The runner did not start the plugin: ${errorMessage(cause)}.`, { cause });
  }
}

async function shakeHands(runner: Runner, { options, signal }: LaunchContext): Promise<Handshake> {
  const { startTimeoutMs: timeoutMs } = options;
  const stdout = new LineDecoder({ tooLong: 'fail' });
  const line$ = fromReadable(runner.stdout).pipe(decode(() => stdout));
  try {
    const line = await untilAborted(firstValueFrom(firstLine(line$, runner.exit$, { timeoutMs })), signal);
    const accepted = acceptHandshake(line, {
      appVersions: [...options.versions.keys()],
      allowedProtocols: options.allowedProtocols,
      multiplex: options.grpcBrokerMultiplex,
      translateAddress: (address) => runner.pluginToHost(address as Address),
    });
    return await untilAborted(accepted, signal);
  } catch (error) {
    const late = PluginError.is(error) && error.code === 'ERR_START_TIMEOUT';
    throw await withDiagnosis(late ? unannounced(timeoutMs, stdout.unfinishedText) : error, runner);
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
