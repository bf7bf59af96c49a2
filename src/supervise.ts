/** `rxplug/supervise`: plugins that come back when they end, and clients that stay. */

export { supervise } from './di/supervise.js';
export { SupervisionError, type SupervisionErrorCode } from './errors.js';
export type { TreeUsage } from './processes/usage.js';
export type { InterruptedCall, ReplayOption } from './supervision/calls/replay.js';
export type { PoolMember, PoolSize, RoutedCall, RouterOption } from './supervision/calls/router.js';
export type { SupervisorEvent } from './supervision/events.js';
export { type FileChange, type FileChangesOptions, fileChanges } from './supervision/file-changes.js';
export type { HealthOptions, ReloadOptions, SupervisionOptions } from './supervision/options.js';
export type { LimitOptions, PluginUsage, RecycleCause, RecycleOptions } from './supervision/recycling.js';
export type {
  GenerationStop,
  MemberHealth,
  MemberState,
  ServingState,
  StopCause,
  SupervisorState,
} from './supervision/state.js';
export type {
  SupervisedLogEntry,
  SupervisedOptions,
  SupervisedOutput,
  SupervisedPlugin,
} from './supervision/supervised-plugin.js';
