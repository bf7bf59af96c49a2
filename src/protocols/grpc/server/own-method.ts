/**
 * The method of an object, bound to it; undefined where it has none. An rpc may be named like what every object has (`toString`,
 * `constructor`): functions of Object.prototype, and the class of the object, are not methods of it.
 */
export function ownMethod(owner: object, key: string): ((...args: never[]) => unknown) | undefined {
  const found: unknown = key === 'constructor' && !Object.hasOwn(owner, key) ? undefined : Reflect.get(owner, key);
  if (typeof found !== 'function' || found === Reflect.get(Object.prototype, key)) return undefined;
  return found.bind(owner) as (...args: never[]) => unknown;
}
