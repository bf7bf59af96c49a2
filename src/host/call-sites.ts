import { Readable } from 'node:stream';
import { isObservable, tap } from 'rxjs';
import { isPromiseLike } from '../streams/is-promise-like.js';

/** The environment variable that turns call sites on for every client of the process. */
export const CALL_SITES_VARIABLE = 'RXPLUG_CALL_SITES';

type AnyFunction = (...args: never[]) => unknown;

/**
 * A dispensed client whose errors have the place of their call in `stack`: what fails is noticed in a turn that has nothing of the caller.
 * Each call costs the capture of a stack, some microseconds.
 */
export function withCallSites<Client>(client: Client): Client {
  if (typeof client !== 'object' || client === null) return client;
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? tracked(value as AnyFunction, target) : value;
    },
  });
}

function tracked(method: AnyFunction, target: unknown): AnyFunction {
  return new Proxy(method, {
    apply(call, _, args: readonly unknown[]): unknown {
      const site = callSite(1);
      return withSite(Reflect.apply(call, target, args as never[]), site);
    },
    get(call, key) {
      const value: unknown = Reflect.get(call, key, call);
      return key === 'readable' && typeof value === 'function' ? tracked(value as AnyFunction, call) : value;
    },
  });
}

/** The frames of the caller, without the first ones, which are of the library. */
export function callSite(own: number): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callSite);
  return (holder.stack ?? '')
    .split('\n')
    .slice(1 + own)
    .join('\n');
}

/** The result of a call; if it fails, its error has the frames of the call. */
export function withSite<Result>(result: Result, site: string): Result {
  const addSite = (error: unknown): void => {
    if (error instanceof Error && error.stack?.includes(site) === false) error.stack += `\n    at the call:\n${site}`;
  };
  if (isObservable(result)) return result.pipe(tap({ error: addSite })) as Result;
  if (result instanceof Readable) result.prependListener('error', addSite);
  else if (isPromiseLike(result))
    return Promise.resolve(result).catch((error: unknown) => {
      addSite(error);
      throw error;
    }) as Result;
  return result;
}
