import type { PluginError } from '../errors.js';
import type { Exit } from '../streams/lifecycle.js';

/** Why a generation ended, or did not come to serve. */
export type StopCause =
  /** The process ended and nobody had asked it to. */
  | 'crashed'
  /** The process lived and could not be reached any more. */
  | 'disconnected'
  /** It did not come to serve: the start, `onStart` or the first health check failed. */
  | 'failed-start'
  /** It answered no health check, as often as `health.failures` allows. */
  | 'unresponsive'
  /** It reported NOT_SERVING for too long. */
  | 'not-serving'
  /** It used more memory than `limits.memoryBytes`. */
  | 'memory';

/** The end of a generation that the supervisor had not asked for. */
export interface GenerationStop {
  readonly generation: number;
  /** The plugin's version, where its manifest says it. */
  readonly version?: string;
  readonly at: Date;
  /** How long it had served; 0 for a failed start. */
  readonly ranMs: number;
  readonly cause: StopCause;
  readonly error: PluginError;
  /** How the process ended, if that is known. */
  readonly exit: Exit | undefined;
  /** Its last lines on stderr, oldest first. */
  readonly stderr: readonly string[];
}

/** How healthy the generation is that serves. `missed` counts the health checks in a row that it did not answer. */
export type MemberHealth =
  | { readonly status: 'serving' | 'not-serving' }
  | { readonly status: 'unresponsive'; readonly missed: number };

/** A process that serves, and how healthy it is. */
export type MemberState = MemberHealth & {
  readonly generation: number;
  /** The plugin's version, where its manifest says it. */
  readonly version?: string;
};

/** What states have in common in which something serves. */
export interface ServingState {
  /** The newest generation that serves. */
  readonly generation: number;
  /** Its version of the plugin, where its manifest says it. */
  readonly version?: string;
  /** All that serve: one, or as many as the pool has at the moment. */
  readonly members: readonly MemberState[];
  /** A generation that is being started to replace one. */
  readonly reloading?: number;
}

/** The state of a supervised plugin. A pool is in the state of its best member. */
export type SupervisorState =
  /** Nothing runs; the next call starts it. */
  | { readonly status: 'idle' }
  /** `attempt` counts the starts since a generation last served. */
  | { readonly status: 'starting'; readonly generation: number; readonly attempt: number }
  | ({ readonly status: 'ready' } & ServingState)
  | ({ readonly status: 'not-serving' } & ServingState)
  | ({ readonly status: 'unresponsive'; readonly missed: number } & ServingState)
  /** The next start comes after `retryInMs`. */
  | { readonly status: 'waiting'; readonly retryInMs: number; readonly attempt: number; readonly stop: GenerationStop }
  /** Given up; `reset()`, `reload()` or the end of `cooldownMs` starts again. */
  | { readonly status: 'failed'; readonly error: PluginError; readonly stops: readonly GenerationStop[] }
  | { readonly status: 'stopping' }
  /** The last one. */
  | { readonly status: 'stopped' };
