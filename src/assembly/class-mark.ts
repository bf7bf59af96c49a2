/** Marks a class or its prototype. Kept on the object itself, not in a registry; what inherits from it has no mark of its own. */
export function setMark(target: object, mark: symbol, value: unknown): void {
  Object.defineProperty(target, mark, { value, configurable: true });
}

/** The mark that was put on this very object; undefined for one that only its base has. */
export function ownMark(target: object, mark: symbol): unknown {
  return Object.getOwnPropertyDescriptor(target, mark)?.value;
}
