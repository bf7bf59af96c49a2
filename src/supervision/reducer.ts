import { type PluginError, SupervisionError } from '../errors.js';
import type { GenerationStop, MemberHealth, SupervisorState } from './state.js';

/** What decides about the next start. */
export interface RestartPolicy {
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Most stops within the time; one more gives the plugin up. */
  readonly intensity: { readonly max: number; readonly withinMs: number };
  /** The wait before the start of this number, counted since a generation last served for `resetAfterMs`. */
  readonly waitMs: (attempt: number) => number;
  /** After a generation that served this long the waits begin again. */
  readonly resetAfterMs: number;
  /** Whether the old generation ends before the new one is started. */
  readonly stopFirst: boolean;
}

/** Everything that the supervisor knows: which generations there are to be, and what was. */
export interface Model {
  readonly status: 'idle' | 'active' | 'waiting' | 'failed' | 'stopping' | 'stopped';
  /** The generation that serves. */
  readonly current?: number | undefined;
  /** The generation that is being started. */
  readonly next?: number | undefined;
  /** The highest number that was given to a generation. */
  readonly last: number;
  /** Starts since a generation last served for `resetAfterMs`, the present one included. */
  readonly attempt: number;
  readonly health: MemberHealth;
  /** The stops within `intensity.withinMs` of the latest. */
  readonly stops: readonly GenerationStop[];
  readonly retryInMs: number;
  readonly error?: PluginError | undefined;
}

/** What happens to a supervised plugin. */
export type Input =
  /** A call or `ready` needs a generation. */
  | { readonly type: 'wanted' }
  | { readonly type: 'started'; readonly generation: number }
  /** `permanent`: another start would fail in the same way. */
  | { readonly type: 'stopped'; readonly stop: GenerationStop; readonly permanent?: boolean }
  | { readonly type: 'health'; readonly generation: number; readonly health: MemberHealth }
  /** The wait before a restart is over. */
  | { readonly type: 'retry' }
  | { readonly type: 'reload' }
  | { readonly type: 'reset' }
  /** Nobody has used it for `idleStopMs`. */
  | { readonly type: 'unused' }
  | { readonly type: 'stop' }
  /** Everything is stopped. */
  | { readonly type: 'ended' };

const SERVING: MemberHealth = { status: 'serving' };

export const INITIAL: Model = { status: 'idle', last: 0, attempt: 1, health: SERVING, stops: [], retryInMs: 0 };

/** What follows from an input. Pure; returns the same object when nothing does. */
export function reduce(model: Model, input: Input, policy: RestartPolicy): Model {
  if (model.status === 'stopped') return model;
  if (input.type === 'ended') return { ...model, status: 'stopped' };
  if (model.status === 'stopping') return model;
  switch (input.type) {
    case 'wanted':
      return model.status === 'idle' ? begin(model) : model;
    case 'retry':
      return model.status === 'waiting' ? begin(model) : model;
    case 'reset':
      return model.status === 'failed' ? begin(forgiven(model)) : model;
    case 'reload':
      return reload(model, policy);
    case 'started':
      return input.generation === model.next ? serve(model, input.generation) : model;
    case 'health':
      return input.generation === model.current ? { ...model, health: input.health } : model;
    case 'unused':
      return model.current !== undefined && model.next === undefined ? rest(model) : model;
    case 'stopped':
      return onStopped(model, input, policy);
    case 'stop':
      return { ...rest(model), status: 'stopping' };
  }
}

/** The published state. */
export function stateOf(model: Model): SupervisorState {
  const { status, current, next, attempt, health, stops } = model;
  if (status === 'waiting')
    return { status, retryInMs: model.retryInMs, attempt, stop: stops.at(-1) as GenerationStop };
  if (status === 'failed') return { status, error: model.error as PluginError, stops };
  if (status !== 'active') return { status };
  if (current === undefined) return { status: 'starting', generation: next ?? 0, attempt };
  const reloading = next === undefined ? {} : { reloading: next };
  if (health.status === 'unresponsive') return { ...health, generation: current, ...reloading };
  return { status: health.status === 'serving' ? 'ready' : health.status, generation: current, ...reloading };
}

function begin(model: Model): Model {
  const next = model.last + 1;
  return { ...model, status: 'active', next, last: next };
}

/** Without what counts against the plugin. */
function forgiven(model: Model): Model {
  return { ...model, stops: [], attempt: 1, error: undefined };
}

function serve(model: Model, generation: number): Model {
  return { ...model, current: generation, next: undefined, health: SERVING };
}

function rest(model: Model): Model {
  return { ...model, status: 'idle', current: undefined, next: undefined, health: SERVING, attempt: 1 };
}

/** A start in progress is replaced by one with fresh options. */
function reload(model: Model, { stopFirst }: RestartPolicy): Model {
  if (model.status !== 'active') return begin(forgiven(model));
  return begin(stopFirst ? { ...model, current: undefined, health: SERVING } : model);
}

function onStopped(
  model: Model,
  { stop, permanent = false }: Extract<Input, { type: 'stopped' }>,
  policy: RestartPolicy,
): Model {
  if (stop.generation === model.next) {
    const without = { ...model, next: undefined };
    // The old generation goes on: nothing is restarted, and nothing counts.
    return model.current === undefined ? decide(without, stop, permanent, policy) : without;
  }
  if (stop.generation !== model.current) return model;
  const without = { ...model, current: undefined, health: SERVING };
  return model.next === undefined ? decide(without, stop, permanent, policy) : counted(without, stop, policy);
}

/** Whether and when the next generation is started after one that stopped by itself. */
function decide(model: Model, stop: GenerationStop, permanent: boolean, policy: RestartPolicy): Model {
  const { restart, intensity } = policy;
  if (restart === 'on-failure' && stop.cause === 'crashed' && stop.exit?.code === 0) return rest(model);
  const after = counted(model, stop, policy);
  if (permanent || restart === 'never') return { ...after, status: 'failed', error: stop.error };
  if (after.stops.length > intensity.max) return { ...after, status: 'failed', error: tooMany(after.stops, intensity) };
  const retryInMs = policy.waitMs(after.attempt);
  return retryInMs === 0 ? begin(after) : { ...after, status: 'waiting', retryInMs };
}

/** With the stop in the window, and without those that have left it. */
function counted(model: Model, stop: GenerationStop, { intensity, resetAfterMs }: RestartPolicy): Model {
  const since = stop.at.getTime() - intensity.withinMs;
  const stops = [...model.stops.filter(({ at }) => at.getTime() > since), stop];
  return { ...model, stops, attempt: (stop.ranMs >= resetAfterMs ? 1 : model.attempt) + 1 };
}

function tooMany(stops: readonly GenerationStop[], { withinMs }: RestartPolicy['intensity']): SupervisionError {
  const last = stops.at(-1) as GenerationStop;
  const message =
    `The plugin stopped ${stops.length} times within ${withinMs} ms, and is given up. The last time: ${last.error.message} ` +
    'Mend it and call `reset()`, or raise `intensity`.';
  return new SupervisionError('ERR_RESTART_LIMIT', message, { cause: last.error, details: last.error.details });
}
