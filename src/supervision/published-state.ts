import type { PluginError } from '../errors.js';
import type { Model, Slot } from './reducer.js';
import type { GenerationStop, MemberState, SupervisorState } from './state.js';

/** The version of the plugin that a generation runs, where it is known. */
type VersionOf = (generation: number) => string | undefined;

/** The state that is published of a model. */
export function stateOf(
  { status, slots, stops, error }: Model,
  versionOf: VersionOf = () => undefined,
): SupervisorState {
  if (status !== 'running') return { status };
  const members = slots.flatMap(({ current, health }) =>
    current === undefined ? [] : [{ ...health, generation: current, ...named(versionOf(current)) }],
  );
  if (members.length > 0) return servingState(members, slots);
  const starting = slots.find(({ next }) => next !== undefined);
  if (starting !== undefined)
    return { status: 'starting', generation: starting.next as number, attempt: starting.attempt };
  const waiting = firstToStart(slots);
  if (waiting !== undefined)
    return {
      status: 'waiting',
      retryInMs: waiting.retryInMs as number,
      attempt: waiting.attempt,
      stop: stops.at(-1) as GenerationStop,
    };
  if (slots.some(({ isGivenUp }) => isGivenUp)) return { status: 'failed', error: error as PluginError, stops };
  return { status: 'idle' };
}

/** As well as the member that is best. */
function servingState(members: readonly MemberState[], slots: readonly Slot[]): SupervisorState {
  const newest = members.reduce((a, b) => (b.generation > a.generation ? b : a));
  const { generation, version } = newest;
  const reloading = slots.find(({ current, next }) => current !== undefined && next !== undefined)?.next;
  const common = { generation, ...named(version), members, ...(reloading === undefined ? {} : { reloading }) };
  const has = (status: MemberState['status']): boolean => members.some((member) => member.status === status);
  if (has('serving')) return { status: 'ready', ...common };
  const silent = members.find((member) => member.status === 'unresponsive');
  if (silent === undefined) return { status: 'not-serving', ...common };
  return { status: 'unresponsive', missed: silent.missed, ...common };
}

function named(version: string | undefined): { readonly version?: string } {
  return version === undefined ? {} : { version };
}

function firstToStart(slots: readonly Slot[]): Slot | undefined {
  const waiting = slots.filter(({ retryInMs }) => retryInMs !== undefined);
  return waiting.sort((a, b) => (a.retryInMs as number) - (b.retryInMs as number))[0];
}
