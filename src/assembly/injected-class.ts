/** Reflection as reflect-metadata adds it, once somebody has loaded it; inversify does. */
type Reflection = Partial<{ getOwnMetadataKeys(target: object): unknown[] }>;

/**
 * Whether inversify has something to do for the objects of a class: it, or a class that it extends, was decorated by inversify
 * (constructor, properties, `@injectable`, `@postConstruct`, …), or has parameter types emitted by TypeScript. Without a decorator
 * nobody has loaded reflect-metadata, and there is nothing to ask.
 */
export function isInjectedClass(target: object): boolean {
  const { getOwnMetadataKeys } = Reflect as Reflection;
  if (getOwnMetadataKeys === undefined) return false;
  for (let of: unknown = target; typeof of === 'function'; of = Object.getPrototypeOf(of))
    if (getOwnMetadataKeys(of).some(isOfInjection)) return true;
  return false;
}

/** inversify names its keys after its packages. The names themselves differ between its versions. */
function isOfInjection(key: unknown): boolean {
  return typeof key === 'string' && (key.startsWith('@inversifyjs/') || key === 'design:paramtypes');
}
