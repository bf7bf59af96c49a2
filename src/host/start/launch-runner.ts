import { errorMessage, PluginError, StartError } from '../../errors.js';
import type { Runner, RunnerSpec } from '../../runners/runner.js';
import type { StartLaunch } from '../launch-options.js';
import type { StartContext } from './start-context.js';

/** Makes the runner that the options ask for and starts it. Rejects with a PluginError: a factory of the application may throw anything. */
export async function launchRunner(
  launch: StartLaunch,
  spec: RunnerSpec,
  { parts, streams, abort, acquired }: StartContext,
): Promise<Runner> {
  const { signal } = abort;
  const create = launch.kind === 'runner' ? launch.runner : parts.createRunner;
  signal.throwIfAborted();
  try {
    const runner = await create(spec);
    signal.throwIfAborted();
    acquired.runner = runner;
    streams.follow(runner);
    await runner.start({ signal });
    return runner;
  } catch (cause) {
    if (PluginError.is(cause) || signal.aborted) throw cause;
    throw new StartError('ERR_SPAWN', `The runner did not start the plugin: ${errorMessage(cause)}.`, { cause });
  }
}
