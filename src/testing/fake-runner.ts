import type { RunnerFactory, RunnerSpec } from '../runners/runner.js';
import { FakePlugin, type FakeRunnerOptions, type FakeScript } from './fake-plugin.js';

/** A runner without a process: give it to a client as `runner`, and look at what became of its plugins. */
export interface FakeRunner extends RunnerFactory {
  (spec: RunnerSpec): FakePlugin;
  /** One per start of a client, oldest first. */
  readonly plugins: readonly FakePlugin[];
}

/**
 * A runner whose plugins are played by `script`. It is called at every start with a plugin of its own; the start lasts until it
 * returns and fails if it fails. What it leaves out never happens: a script that writes nothing is a plugin that hangs.
 */
export function fakeRunner(script: FakeScript, options: FakeRunnerOptions = {}): FakeRunner {
  const plugins: FakePlugin[] = [];
  const factory = (spec: RunnerSpec): FakePlugin => {
    const plugin = new FakePlugin(`fake-${plugins.length + 1}`, spec, script, options);
    plugins.push(plugin);
    return plugin;
  };
  return Object.assign(factory, { plugins });
}
