import type { PluginError } from '../errors.js';
import type { RecycleCause } from './recycling.js';
import type { GenerationStop } from './state.js';

/** What happens to a supervised plugin, besides its states. */
export type SupervisorEvent =
  /** A generation serves from now on. `version` is the plugin's, where its manifest says it. */
  | { readonly type: 'started'; readonly generation: number; readonly version?: string }
  /** A generation stopped, or did not come to serve, and nobody had asked it to. */
  | { readonly type: 'stopped'; readonly generation: number; readonly stop: GenerationStop }
  /** Nothing is left of a generation. */
  | { readonly type: 'ended'; readonly generation: number }
  /** The new generation did not come to serve; the old one goes on. */
  | { readonly type: 'reload-failed'; readonly generation: number; readonly error: PluginError }
  /** A generation is to be replaced because of its memory, its age or its number of calls (`recycle`). */
  | { readonly type: 'recycled'; readonly generation: number; readonly cause: RecycleCause }
  /** `reloadOn` ended with an error: nothing reloads the plugin by itself any more. */
  | { readonly type: 'watch-failed'; readonly error: unknown }
  /** A call that the end of this generation had interrupted is made again. */
  | { readonly type: 'replayed'; readonly generation: number; readonly path: string };
