import type { Metadata } from '../../protocols/grpc/shared/grpc-js.js';

/** A call that is to be led to a member of a pool. */
export interface RoutedCall {
  /** `/package.Service/Method`; over net/rpc `Plugin.Method`. */
  readonly path: string;
  /** What is sent as request headers. None over net/rpc. */
  readonly metadata?: Metadata | undefined;
}

/** A pool whose number of processes follows the load. */
export interface PoolSize {
  /** How many there always are. @default 1 */
  readonly min?: number;
  /** How many there are at most. */
  readonly max: number;
  /** Another is started when each has so many calls open. @default 32 */
  readonly scaleUpAtCalls?: number;
  /** How long one less must do, with half of `scaleUpAtCalls` for each, before one is stopped. @default 60 000 ms */
  readonly scaleDownAfterMs?: number;
}

/** A process of a pool that serves. */
export interface PoolMember {
  /** Its place in the pool, from 0 on. The process that takes its place has the same. */
  readonly place: number;
  readonly generation: number;
  readonly openCalls: number;
}

/**
 * Which member a call goes to. `least-calls`: the one with the fewest open calls, in turn among equals. `round-robin`: each in turn. A
 * function chooses one of those that take calls; while it returns undefined the call waits, as while nothing serves. When it throws, the
 * call fails with INTERNAL.
 *
 * @example
 * ```ts
 * const router: RouterOption = ({ metadata }, members) => {
 *   const place = hash(String(metadata?.get('tenant')[0])) % 4;
 *   return members.find((member) => member.place === place); // the same process for the same tenant
 * };
 * ```
 */
export type RouterOption =
  | 'least-calls'
  | 'round-robin'
  | ((call: RoutedCall, members: readonly PoolMember[]) => PoolMember | undefined);

/** Something that may take calls. */
export interface Routable extends PoolMember {
  readonly isAvailable: boolean;
}

/** One of the members that take calls now; undefined for a call that is to wait. */
export type Router = <M extends Routable>(members: readonly M[], call: RoutedCall) => M | undefined;

/** A router with its own turn. */
export function createRouter(option: RouterOption): Router {
  if (option === 'least-calls') return inTurn((member, best) => member.openCalls < best.openCalls);
  if (option === 'round-robin') return inTurn(() => false);
  return (members, call) => {
    const available = members.filter(({ isAvailable }) => isAvailable);
    const chosen = option(call, available);
    return available.find((member) => member === chosen);
  };
}

/** The first that is available, beginning with another member each time, unless one is better. */
function inTurn(isBetter: (member: Routable, best: Routable) => boolean): Router {
  let turn = 0;
  return <M extends Routable>(members: readonly M[]): M | undefined => {
    const { length } = members;
    let best: M | undefined;
    for (let step = 0; step < length; step++) {
      const member = members[(turn + step) % length] as M;
      if (member.isAvailable && (best === undefined || isBetter(member, best))) best = member;
    }
    if (best !== undefined) turn = members.indexOf(best) + 1;
    return best;
  };
}
