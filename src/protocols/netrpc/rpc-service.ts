import type { Observable } from 'rxjs';
import type { GobSchema, GobType } from '../../wire/gob/index.js';

/** The context of a call, passed to its handler beside the argument. */
export interface NetRpcCall {
  /** The full name in the request, for instance `Plugin.Greet`. */
  readonly serviceMethod: string;
  /** Aborted when the connection has ended: the reply cannot be delivered. */
  readonly signal: AbortSignal;
  /** Calls back when the reply has been written, or cannot be written any more. */
  afterReply(callback: () => void): void;
}

/** The types of a method's argument and reply. */
export interface NetRpcSignature<out Args = unknown, out Reply = unknown> {
  readonly args: GobSchema<Args>;
  readonly reply: GobSchema<Reply>;
}

/** What a handler may return: the reply, or a Promise or an Observable of it. `undefined` is the zero reply, if every field may be missing. */
export type NetRpcResult<Reply> = Eventually<Reply | (Record<never, never> extends Reply ? undefined | void : never)>;

type Eventually<T> = T | Promise<T> | Observable<T>;

/** A method with its handler. The first value of an Observable is the reply; then it is unsubscribed. */
export interface NetRpcHandler<Args = unknown, Reply = unknown> extends NetRpcSignature<Args, Reply> {
  handle(args: Args, call: NetRpcCall): NetRpcResult<Reply>;
}

/** Methods by their names on the wire, such as `Greet`. */
export type NetRpcHandlers = ReadonlyMap<string, NetRpcHandler>;

/** Services by their names on the wire, such as `Plugin`. */
export type NetRpcServices = ReadonlyMap<string, NetRpcHandlers>;

/**
 * Describes a method by the schemas of its argument and its reply.
 *
 * @example
 * ```ts
 * const plugins = { kv: netRpcPlugin({ size: method(gob.string, gob.int) }) };
 * ```
 */
export function method<Args, Reply>(args: GobSchema<Args>, reply: GobSchema<Reply>): NetRpcSignature<Args, Reply> {
  return { args, reply };
}

/**
 * A method with its handler, for `serveNetRpc` and `MuxBroker.acceptAndServe`.
 *
 * @example
 * ```ts
 * const services = new Map([['Plugin', new Map([['Size', handler(gob.string, gob.int, (key) => sizeOf(key))]])]]);
 * ```
 */
export function handler<A extends GobSchema, R extends GobSchema>(
  args: A,
  reply: R,
  handle: (args: GobType<A>, call: NetRpcCall) => NetRpcResult<GobType<R>>,
): NetRpcHandler {
  // The server calls a handler only with a value that its own schema has decoded.
  return { args, reply, handle: handle as NetRpcHandler['handle'] };
}
