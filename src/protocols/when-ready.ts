import { types } from 'node:util';

/**
 * Passes a value to `use`: at once, or when its Promise has resolved. Only a Promise counts as one: a service may have a method `then`,
 * for an rpc of that name.
 */
export function whenReady<S, T>(value: S | Promise<S>, use: (value: S) => T | Promise<T>): T | Promise<T> {
  return types.isPromise(value) ? (value as Promise<S>).then(use) : use(value);
}
