import { ClosedError, type PluginError } from '../errors.js';
import type { Exit, PluginIdentity, PluginState, RunningPlugin, StartPhase, StopReason } from '../streams/lifecycle.js';
import type { ConnectedPlugin, PluginResources } from './start/start-context.js';
import { identityDetails } from './start/start-errors.js';

/** The state of a plugin together with everything that it owns in that state. */
export type Life = Idle | Starting | Running | Stopping | Exited;

export interface Idle {
  readonly status: 'idle';
}

/** A start in progress. */
export interface Starting {
  readonly status: 'starting';
  readonly phase: StartPhase;
  readonly abort: AbortController;
  readonly resources: Partial<PluginResources>;
  readonly connecting: Promise<ConnectedPlugin>;
  /** What `start` returns. When the start fails it rejects after everything was released. */
  readonly started: Promise<void>;
}

export interface Running {
  readonly status: 'running';
  readonly plugin: RunningPlugin;
  readonly abort: AbortController;
  readonly resources: PluginResources;
  readonly started: Promise<void>;
}

export interface Stopping {
  readonly status: 'stopping';
  readonly reason: StopReason;
  /** What it was while it was running, if it came to that. */
  readonly plugin: RunningPlugin | undefined;
  /** What calls in flight and later ones fail with; undefined when the plugin was asked to end. */
  readonly because: (() => PluginError) | undefined;
  readonly resources: Partial<PluginResources>;
  /** Resolves in the state `exited`. Never rejects. */
  readonly gone: Promise<void>;
}

export interface Exited {
  readonly status: 'exited';
  readonly reason: StopReason;
  readonly plugin: RunningPlugin | undefined;
  readonly because: (() => PluginError) | undefined;
  readonly exit: Exit | undefined;
  readonly id: string;
}

/** The published state. */
export function stateOf(life: Life, plugin: PluginIdentity): PluginState {
  switch (life.status) {
    case 'idle':
      return { ...plugin, status: 'idle' };
    case 'starting':
      return { ...plugin, status: 'starting', phase: life.phase };
    case 'running':
      return { ...plugin, status: 'running', ...life.plugin };
    case 'stopping':
      return { ...plugin, status: 'stopping', reason: life.reason };
    case 'exited':
      return { ...plugin, status: 'exited', reason: life.reason, exit: life.exit };
  }
}

/** What fails because the plugin is not running, with what to do. */
export function notRunning(life: Exclude<Life, Running>, plugin: PluginIdentity): PluginError {
  const { status } = life;
  const details = identityDetails(plugin);
  const { name } = plugin;
  if (status === 'idle' || status === 'starting')
    return new ClosedError(
      'ERR_NOT_STARTED',
      `The plugin ${name} is ${status}, expected it to be running. Await start() first.`,
      { details },
    );
  if (life.because !== undefined) return life.because();
  const how =
    life.reason.kind === 'failed' ? 'did not start' : status === 'exited' ? 'was stopped' : 'is being stopped';
  return new ClosedError('ERR_CLOSED', `The plugin ${name} ${how}. Create a new client to start it again.`, {
    details,
  });
}
