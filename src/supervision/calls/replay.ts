import type { GrpcCallOptions } from '../../protocols/grpc/client/channel.js';
import type { CallStatus } from '../../protocols/grpc/shared/status.js';

/** A call that the end of its generation interrupted, before anything of its answer arrived. */
export interface InterruptedCall {
  /** `/package.Service/Method`; over net/rpc `Plugin.Method`. */
  readonly path: string;
  readonly generation: number;
  /** `none`: the plugin has not seen it. */
  readonly delivery: 'none' | 'unknown';
  /** Whether the method is declared idempotent in the .proto: `option idempotency_level = IDEMPOTENT` or `NO_SIDE_EFFECTS`. */
  readonly idempotent: boolean;
}

/**
 * Which interrupted calls are made again, at most twice each. `unsent`: those that the plugin has not seen. `idempotent`: also unary and
 * server-streaming methods that the .proto declares so. A function decides for each call; `() => true` repeats writes that were done.
 */
export type ReplayOption = 'unsent' | 'idempotent' | 'never' | ((call: InterruptedCall) => boolean);

/** How often a call is made again. */
export const MAX_REPLAYS = 2;

export function mayReplay(option: ReplayOption, call: InterruptedCall): boolean {
  if (typeof option === 'function') return option(call);
  if (option === 'never') return false;
  return call.delivery === 'none' || (option === 'idempotent' && call.idempotent);
}

/** Whether a call ended with its connection: a status that the plugin sent has trailers. */
export function isInterruption(status: CallStatus, unavailable: number): boolean {
  return status.code === unavailable && status.trailers.length === 0;
}

/** Options of the call on a generation: with the time that is left of its deadline. */
export function remainingOptions(options: GrpcCallOptions, expiresAt: number, demand: number): GrpcCallOptions {
  const rest = { ...options, demand };
  return options.timeoutMs === undefined ? rest : { ...rest, timeoutMs: expiresAt - performance.now() };
}
