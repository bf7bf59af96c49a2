import type { RunnerFactory, RunnerSpec } from '../runners/runner.js';
import { checkOptions, optionNames } from '../wire/option-names.js';
import { FakePlugin, type FakeRunnerOptions, type FakeScript } from './fake-plugin.js';

/** A runner factory for a client's option `runner`, which keeps the plugins that it made. */
export interface FakeRunner extends RunnerFactory {
  (spec: RunnerSpec): FakePlugin;
  /** One for each start of a client, oldest first. */
  readonly plugins: readonly FakePlugin[];
}

const NAMES = optionNames<FakeRunnerOptions>()('name diagnosis onKill addresses');

/**
 * A runner factory whose plugins are fakes. `script` is called at each start with a new plugin; the start lasts until it returns, and
 * fails if it throws or rejects. A script that writes no handshake is a plugin that hangs.
 *
 * @example
 * ```ts
 * const runner = fakeRunner((plugin) => {
 *   plugin.writeStderr('cannot find my configuration\n');
 *   void plugin.exit({ code: 3 });
 * });
 * await assert.rejects(createClient({ runner, handshake, plugins }).start(), { code: 'ERR_EXITED_EARLY' });
 * ```
 */
export function fakeRunner(script: FakeScript, options: FakeRunnerOptions = {}): FakeRunner {
  checkOptions('fakeRunner', options, NAMES);
  const plugins: FakePlugin[] = [];
  const factory = (spec: RunnerSpec): FakePlugin => {
    const plugin = new FakePlugin(`fake-${plugins.length + 1}`, spec, script, options);
    plugins.push(plugin);
    return plugin;
  };
  return Object.assign(factory, { plugins });
}
