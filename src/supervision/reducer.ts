import { type PluginError, SupervisionError } from '../errors.js';
import type { GenerationStop, MemberHealth } from './state.js';

/** What decides about the next start. */
export interface RestartPolicy {
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Most stops within the time, of all members; one more gives up the member that stopped. */
  readonly intensity: { readonly max: number; readonly withinMs: number };
  /** The wait before the start of this number, counted since a generation last served for `resetAfterMs`. */
  readonly waitMs: (attempt: number) => number;
  /** After a generation that served this long the waits begin again. */
  readonly resetAfterMs: number;
  /** Whether the old generation ends before the new one is started. */
  readonly stopFirst: boolean;
  /** How many members there are at the beginning, and at most. */
  readonly size: { readonly min: number; readonly max: number };
}

/** A place for a process: at most one generation serves in it, and at most one is being started. Without either it is empty. */
export interface Slot {
  /** The generation that serves. */
  readonly current?: number | undefined;
  /** The generation that is being started. */
  readonly next?: number | undefined;
  readonly health: MemberHealth;
  /** Starts since a generation last served here for `resetAfterMs`, the present one included. */
  readonly attempt: number;
  /** The wait before the next start; beside a generation that serves, before its successor is tried again. */
  readonly retryInMs?: number | undefined;
  /** The generation that serves is to be recycled, and its successor has failed to start so often. */
  readonly failedSuccessors?: number | undefined;
  /** It stays empty until somebody asks for another start. */
  readonly isGivenUp?: boolean;
}

/** Everything that the supervisor knows: which generations there are to be, and what was. */
export interface Model {
  readonly status: 'running' | 'stopping' | 'stopped';
  readonly slots: readonly Slot[];
  /** The highest number that was given to a generation. */
  readonly last: number;
  /** Generations with a lower number are to be replaced, one after the other. */
  readonly fresh: number;
  /** The stops within `intensity.withinMs` of the latest. */
  readonly stops: readonly GenerationStop[];
  /** Why a slot was last given up. */
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
  /** The wait of a slot before its next start is over. */
  | { readonly type: 'retry'; readonly slot: number }
  /** All generations are to be replaced. */
  | { readonly type: 'reload' }
  /** One is. */
  | { readonly type: 'recycle'; readonly generation: number }
  | { readonly type: 'reset' }
  /** Another member is of use, or one less would do. */
  | { readonly type: 'grow' | 'shrink' }
  /** Nobody has used any of them for `idleStopMs`. */
  | { readonly type: 'unused' }
  | { readonly type: 'stop' }
  /** Everything is stopped. */
  | { readonly type: 'ended' };

type Stopped = Extract<Input, { type: 'stopped' }>;

const SERVING: MemberHealth = { status: 'serving' };
const EMPTY: Slot = { health: SERVING, attempt: 1 };
const WITHOUT_CURRENT: Partial<Slot> = { current: undefined, health: SERVING, failedSuccessors: undefined };

export function initialModel({ size }: Pick<RestartPolicy, 'size'>): Model {
  return { status: 'running', slots: emptySlots(size.min), last: 0, fresh: 0, stops: [] };
}

/** What follows from an input. Pure; returns the same object when nothing does. */
export function reduce(model: Model, input: Input, policy: RestartPolicy): Model {
  if (model.status === 'stopped') return model;
  if (input.type === 'ended') return { ...model, status: 'stopped' };
  if (model.status === 'stopping') return model;
  switch (input.type) {
    case 'wanted':
      return isIdle(model) ? beginWhere(model, () => true) : model;
    case 'started':
      return roll(onStarted(model, input.generation), policy);
    case 'stopped':
      return roll(onStopped(model, input, policy), policy);
    case 'health':
      return change(model, slotOf(model, 'current', input.generation), { health: input.health });
    case 'retry':
      return model.slots[input.slot]?.retryInMs === undefined ? model : begin(model, input.slot);
    case 'reload':
      return reload(model, policy);
    case 'recycle':
      return recycle(model, slotOf(model, 'current', input.generation), policy);
    case 'reset':
      return model.slots.some((slot) => slot.isGivenUp) ? beginWhere(forgiven(model), isDown) : model;
    case 'grow':
      return model.slots.length < policy.size.max && !isStarting(model) ? grown(model) : model;
    case 'shrink':
      return model.slots.length > policy.size.min && !isStarting(model) ? shrunk(model) : model;
    case 'unused':
      return isServing(model) && !isStarting(model) ? rest(model, policy) : model;
    case 'stop':
      return { ...rest(model, policy), status: 'stopping' };
  }
}

/** Whether nothing runs, and nothing will by itself. */
export function isIdle({ slots }: Model): boolean {
  return slots.every((slot) => isDown(slot) && slot.retryInMs === undefined && slot.isGivenUp !== true);
}

/** Whether every generation that serves is of this number or a later one, and none is being started. */
export function isReloaded(model: Model, fresh: number): boolean {
  const isFresh = model.slots.every(({ current = fresh, next }) => current >= fresh && next === undefined);
  return isFresh && isServing(model);
}

function emptySlots(count: number): Slot[] {
  return Array.from({ length: count }, () => EMPTY);
}

function slotOf({ slots }: Model, key: 'current' | 'next', generation: number): number {
  return slots.findIndex((slot) => slot[key] === generation);
}

function change(model: Model, index: number, changes: Partial<Slot>): Model {
  if (index < 0) return model;
  return { ...model, slots: model.slots.map((slot, at) => (at === index ? { ...slot, ...changes } : slot)) };
}

function isDown({ current, next }: Slot): boolean {
  return current === undefined && next === undefined;
}

function isServing({ slots }: Model): boolean {
  return slots.some(({ current }) => current !== undefined);
}

function isStarting({ slots }: Model): boolean {
  return slots.some(({ next }) => next !== undefined);
}

function begin(model: Model, index: number): Model {
  const next = model.last + 1;
  return { ...change(model, index, { next, retryInMs: undefined, isGivenUp: false }), last: next };
}

function beginWhere(model: Model, isMeant: (slot: Slot) => boolean): Model {
  return model.slots.reduce((done, slot, index) => (isMeant(slot) ? begin(done, index) : done), model);
}

/** Begins the successor of a generation that serves. */
function replace(model: Model, index: number, { stopFirst }: RestartPolicy): Model {
  if (model.slots[index] === undefined || model.slots[index].next !== undefined) return model;
  return begin(stopFirst ? change(model, index, WITHOUT_CURRENT) : model, index);
}

/** As `replace`; its successor is tried until one serves. */
function recycle(model: Model, index: number, policy: RestartPolicy): Model {
  return replace(change(model, index, { failedSuccessors: 0 }), index, policy);
}

/** Nothing runs any more. */
function rest(model: Model, { size }: RestartPolicy): Model {
  return { ...model, slots: emptySlots(size.min), fresh: 0 };
}

/** Without what counts against the plugin. */
function forgiven(model: Model): Model {
  const slots = model.slots.map((slot) => (isDown(slot) ? EMPTY : slot));
  return { ...model, slots, stops: [], error: undefined };
}

function grown(model: Model): Model {
  return begin({ ...model, slots: [...model.slots, EMPTY] }, model.slots.length);
}

function shrunk(model: Model): Model {
  return { ...model, slots: model.slots.slice(0, -1) };
}

/** What does not serve is started at once, with fresh options; what does is replaced one after the other. */
function reload(model: Model, policy: RestartPolicy): Model {
  const before = model.slots.some(isDown) ? forgiven(model) : model;
  const begun = beginWhere(
    { ...before, fresh: before.last + 1 },
    ({ current, next }) => current === undefined || next !== undefined,
  );
  return roll(begun, policy);
}

/** Goes on with a reload, once nothing is being started. */
function roll(model: Model, policy: RestartPolicy): Model {
  if (model.fresh === 0 || isStarting(model)) return model;
  const index = model.slots.findIndex(({ current = Number.POSITIVE_INFINITY }) => current < model.fresh);
  return replace(model, index, policy);
}

function onStarted(model: Model, generation: number): Model {
  const index = slotOf(model, 'next', generation);
  return change(model, index, { ...WITHOUT_CURRENT, current: generation, next: undefined });
}

function onStopped(model: Model, input: Stopped, policy: RestartPolicy): Model {
  const { generation } = input.stop;
  const failed = slotOf(model, 'next', generation);
  if (failed >= 0) return onFailedStart(model, failed, input, policy);
  const index = slotOf(model, 'current', generation);
  if (index < 0) return model;
  const without = change(model, index, WITHOUT_CURRENT);
  const isReplaced = model.slots[index]?.next !== undefined;
  return isReplaced ? counted(without, index, input.stop, policy) : decide(without, index, input, policy);
}

function onFailedStart(model: Model, index: number, input: Stopped, policy: RestartPolicy): Model {
  // What is broken must not take the place of further members.
  const halted = { ...change(model, index, { next: undefined }), fresh: 0 };
  // The old generation goes on: nothing counts.
  const slot = halted.slots[index];
  if (slot?.current !== undefined) return slot.failedSuccessors === undefined ? halted : retried(halted, index, policy);
  return decide(halted, index, input, policy);
}

/** The successor of a generation that is to be recycled is tried again after a wait, whatever made it fail: the old one grows and ages on. */
function retried(model: Model, index: number, { waitMs }: RestartPolicy): Model {
  const failedSuccessors = (model.slots[index]?.failedSuccessors ?? 0) + 1;
  // Not at once, as after a crash: nobody waits for it.
  return change(model, index, { failedSuccessors, retryInMs: waitMs(failedSuccessors + 2) });
}

/** Whether and when the next generation is started after one that stopped by itself. */
function decide(model: Model, index: number, { stop, permanent = false }: Stopped, policy: RestartPolicy): Model {
  const { restart, intensity, waitMs } = policy;
  if (restart === 'on-failure' && stop.cause === 'crashed' && stop.exit?.code === 0) return change(model, index, EMPTY);
  const after = counted(model, index, stop, policy);
  const isFinal = permanent || restart === 'never';
  if (isFinal || after.stops.length > intensity.max)
    return {
      ...change(after, index, { isGivenUp: true }),
      error: isFinal ? stop.error : tooMany(after.stops, intensity),
    };
  const retryInMs = waitMs(after.slots[index]?.attempt ?? 1);
  return retryInMs === 0 ? begin(after, index) : change(after, index, { retryInMs });
}

/** With the stop in the window, and without those that have left it. */
function counted(model: Model, index: number, stop: GenerationStop, { intensity, resetAfterMs }: RestartPolicy): Model {
  const since = stop.at.getTime() - intensity.withinMs;
  const stops = [...model.stops.filter(({ at }) => at.getTime() > since), stop];
  const attempt = stop.ranMs >= resetAfterMs ? 1 : (model.slots[index]?.attempt ?? 1);
  return { ...change(model, index, { attempt: attempt + 1 }), stops };
}

function tooMany(stops: readonly GenerationStop[], { withinMs }: RestartPolicy['intensity']): SupervisionError {
  const last = stops.at(-1) as GenerationStop;
  const message =
    `The plugin stopped ${stops.length} times within ${withinMs} ms, and is given up. The last time: ${last.error.message} ` +
    'Mend it and call `reset()`, or raise `intensity`.';
  return new SupervisionError('ERR_RESTART_LIMIT', message, { cause: last.error, details: last.error.details });
}
