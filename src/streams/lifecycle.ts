import { distinctUntilChanged, type Observable, type OperatorFunction, scan, startWith, takeWhile } from 'rxjs';
import type { Address } from '../wire/handshake/address.js';
import type { ProtocolName } from '../wire/handshake/handshake-line.js';

/** How a plugin process ended. `code` is null when a signal ended it; both are null when nobody can know. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Why a plugin is going or gone: the first thing that happened, not what followed from it. */
export type DeathCause =
  | { readonly kind: 'stopped' }
  /** The process ended and nobody had asked it to. */
  | { readonly kind: 'crashed' }
  /** It never came to run. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a connected plugin is. */
export interface RunningPlugin {
  /** The runner's id: a pid in decimal, a container id. */
  readonly id: string;
  readonly protocol: ProtocolName;
  /** The negotiated application protocol version. */
  readonly protocolVersion: number;
  readonly address: Address;
}

/** The life of a plugin, forward only: idle > starting > running > stopping > exited; phases can be left out, not repeated. */
export type PluginState =
  | { readonly status: 'idle' }
  | { readonly status: 'starting'; readonly phase: 'launching' | 'shaking-hands' | 'connecting' }
  | ({ readonly status: 'running' } & RunningPlugin)
  | { readonly status: 'stopping'; readonly cause: DeathCause }
  /** Nothing is left of it. `exit` is undefined when no process was ever started. */
  | { readonly status: 'exited'; readonly cause: DeathCause; readonly exit: Exit | undefined };

/** What moves a plugin through its life. */
export type LifecycleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'launched' }
  | { readonly type: 'handshake' }
  | ({ readonly type: 'connected' } & RunningPlugin)
  /** It is to end, or has ended, for this cause. */
  | { readonly type: 'death'; readonly cause: DeathCause }
  /** Everything is cleaned up. */
  | { readonly type: 'gone'; readonly exit: Exit | undefined };

const STOPPED: DeathCause = { kind: 'stopped' };

/** The state after an event. An event that comes too late to matter leaves the state as it is, the very same object. */
export function nextState(state: PluginState, event: LifecycleEvent): PluginState {
  if (state.status === 'exited') return state;
  switch (event.type) {
    case 'start':
      return state.status === 'idle' ? { status: 'starting', phase: 'launching' } : state;
    case 'launched':
      return state.status === 'starting' ? { status: 'starting', phase: 'shaking-hands' } : state;
    case 'handshake':
      return state.status === 'starting' ? { status: 'starting', phase: 'connecting' } : state;
    case 'connected': {
      const { type: _, ...running } = event;
      return state.status === 'starting' ? { status: 'running', ...running } : state;
    }
    case 'death':
      return state.status === 'stopping' ? state : { status: 'stopping', cause: event.cause };
    case 'gone':
      return { status: 'exited', cause: state.status === 'stopping' ? state.cause : STOPPED, exit: event.exit };
  }
}

/** Events to states: begins with idle, repeats nothing, completes after exited. Cold; never errors by itself. */
export function lifecycle(): OperatorFunction<LifecycleEvent, PluginState> {
  const idle: PluginState = { status: 'idle' };
  return (event$: Observable<LifecycleEvent>) =>
    event$.pipe(
      scan(nextState, idle),
      startWith(idle),
      distinctUntilChanged(),
      takeWhile((state) => state.status !== 'exited', true),
    );
}
