import { ClosedError, type PluginError } from '../errors.js';
import type { Exit, PluginState, RunningPlugin, StartPhase, StopReason } from '../streams/lifecycle.js';
import type { ConnectedPlugin, PluginResources } from './start/start-context.js';

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
export function stateOf(life: Life, name: string): PluginState {
  switch (life.status) {
    case 'idle':
      return { name, status: 'idle' };
    case 'starting':
      return { name, status: 'starting', phase: life.phase };
    case 'running':
      return { name, status: 'running', ...life.plugin };
    case 'stopping':
      return { name, status: 'stopping', reason: life.reason };
    case 'exited':
      return { name, status: 'exited', reason: life.reason, exit: life.exit };
  }
}

/** What fails because the plugin is not running, with what to do. */
export function notRunning(life: Exclude<Life, Running>, plugin: string): PluginError {
  const { status } = life;
  const details = { plugin };
  if (status === 'idle' || status === 'starting')
    return new ClosedError(
      'ERR_NOT_STARTED',
      `The plugin ${plugin} is ${status}, expected it to be running. Await start() first.`,
      { details },
    );
  if (life.because !== undefined) return life.because();
  const how =
    life.reason.kind === 'failed' ? 'did not start' : status === 'exited' ? 'was stopped' : 'is being stopped';
  return new ClosedError('ERR_CLOSED', `The plugin ${plugin} ${how}. Create a new client to start it again.`, {
    details,
  });
}
