import type { Observable } from 'rxjs';
import type { GobSchema, GobType } from '../../wire/gob/index.js';

/** What a method is called with besides its argument. */
export interface NetRpcCall {
  /** As the client wrote it, for instance `Plugin.Greet`. */
  readonly serviceMethod: string;
  /** Aborted when the client is gone: nobody will read the reply. */
  readonly signal: AbortSignal;
  /** Calls back when the reply has been written, or cannot be any more. */
  afterReply(callback: () => void): void;
}

/** The types of a method's argument and reply. */
export interface NetRpcSignature<out Args = unknown, out Reply = unknown> {
  readonly args: GobSchema<Args>;
  readonly reply: GobSchema<Reply>;
}

/** What a handler may give back. `undefined` stands for the zero reply, where every field may be missing. */
export type NetRpcResult<Reply> = Eventually<Reply | (Record<never, never> extends Reply ? undefined | void : never)>;

type Eventually<T> = T | Promise<T> | Observable<T>;

/** A method that can be called: of an Observable the first value is the reply, and the rest is unsubscribed. */
export interface NetRpcHandler<Args = unknown, Reply = unknown> extends NetRpcSignature<Args, Reply> {
  handle(args: Args, call: NetRpcCall): NetRpcResult<Reply>;
}

/** Methods by name, as the client writes them. */
export type NetRpcHandlers = ReadonlyMap<string, NetRpcHandler>;

/** Services by name. */
export type NetRpcServices = ReadonlyMap<string, NetRpcHandlers>;

/** Describes a method: `method(gob.string, gob.int)`. */
export function method<Args, Reply>(args: GobSchema<Args>, reply: GobSchema<Reply>): NetRpcSignature<Args, Reply> {
  return { args, reply };
}

/** A method with what handles it. */
export function handler<A extends GobSchema, R extends GobSchema>(
  args: A,
  reply: R,
  handle: (args: GobType<A>, call: NetRpcCall) => NetRpcResult<GobType<R>>,
): NetRpcHandler {
  // The engine calls a handler only with what its own schema has decoded.
  return { args, reply, handle: handle as NetRpcHandler['handle'] };
}
