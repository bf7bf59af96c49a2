import { firstValueFrom } from 'rxjs';
import { errorMessage, HandshakeError, PluginError, StartError } from '../../errors.js';
import { type DebuggerEvidence, debuggerNote } from '../../runners/diagnose/debugger-wait.js';
import type { Runner } from '../../runners/runner.js';
import { decode } from '../../streams/decode.js';
import { fromReadable } from '../../streams/from-readable.js';
import { settledWithin } from '../../streams/settled-within.js';
import { untilAborted } from '../../streams/until-aborted.js';
import type { Address } from '../../wire/handshake/address.js';
import { acceptHandshake, type Handshake } from '../../wire/handshake/parse-handshake.js';
import { LineDecoder } from '../../wire/lines.js';
import type { ResolvedClientOptions } from '../options.js';
import { firstLine, handshakeTimeout } from './first-line.js';
import type { StartContext } from './start-context.js';

/** Reads the handshake line from the real stdout and validates it. What follows on the real stdout is discarded. */
export async function readHandshake(runner: Runner, context: StartContext): Promise<Handshake> {
  const { options, abort } = context;
  try {
    const line = await readFirstLine(runner, context);
    const accepted = acceptHandshake(line, {
      appVersions: [...options.versions.keys()],
      allowedProtocols: options.allowedProtocols,
      multiplex: options.grpcBrokerMultiplex,
      translateAddress: (address) => runner.pluginToHost(address as Address),
    });
    return await untilAborted(accepted, abort.signal);
  } catch (error) {
    throw await withDiagnosis(error, runner);
  } finally {
    // A plugin that writes to its real stdout must not block on a full pipe.
    runner.stdout.resume();
  }
}

async function readFirstLine(runner: Runner, { options, streams, abort }: StartContext): Promise<string> {
  const decoder = new LineDecoder({ tooLong: 'fail' });
  const lines$ = fromReadable(runner.stdout).pipe(decode(() => decoder));
  try {
    return await untilAborted(firstValueFrom(firstLine(lines$, runner.exit$)), abort.signal);
  } catch (error) {
    const isLate = PluginError.is(error) && error.code === 'ERR_START_TIMEOUT';
    if (!isLate) throw error;
    const waits = debuggerNote({ ...programOf(options), stderr: streams.logs.lastStderr });
    throw handshakeTimeout(options.startTimeoutMs, decoder.unfinishedText, waits);
  }
}

function programOf({ launch, env, skipHostEnv }: ResolvedClientOptions): Omit<DebuggerEvidence, 'stderr'> {
  const inherited = skipHostEnv ? undefined : process.env['NODE_OPTIONS'];
  return {
    command: launch.kind === 'command' ? launch.process.command : [],
    nodeOptions: env['NODE_OPTIONS'] ?? inherited,
  };
}

/** How long a runner may look for the reason. */
const DIAGNOSIS_TIMEOUT_MS = 5_000;

const NO_HANDSHAKE: ReadonlySet<string> = new Set([
  'ERR_HANDSHAKE_NO_LINE',
  'ERR_HANDSHAKE_UNRECOGNIZED',
  'ERR_HANDSHAKE_LINE_TOO_LONG',
]);

/** Adds the runner's diagnosis to an error that does not tell why the plugin printed no handshake. */
async function withDiagnosis(error: unknown, runner: Runner): Promise<unknown> {
  const isUnexplained =
    error instanceof StartError || (error instanceof HandshakeError && NO_HANDSHAKE.has(error.code));
  return isUnexplained ? error.with({ diagnosis: await diagnosisOf(runner) }) : error;
}

/** A runner of the application may throw or wait for ever, and the error that is to be explained must not be lost by that. */
async function diagnosisOf(runner: Runner): Promise<string> {
  const diagnosing = Promise.resolve().then(() => runner.diagnose());
  if (!(await settledWithin(DIAGNOSIS_TIMEOUT_MS, diagnosing)))
    return `The runner gave no diagnosis within ${DIAGNOSIS_TIMEOUT_MS} ms.`;
  return await diagnosing.catch((error: unknown) => `The runner gave no diagnosis: ${errorMessage(error)}.`);
}
