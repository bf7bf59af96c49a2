import { OptionsError } from '../errors.js';

/**
 * Throws OptionsError where a decorator of classes was put on something else. `where`: its second argument, the name of a member with
 * TypeScript's own decorators, the context with standard ones.
 */
export function requireClass(decorator: string, target: unknown, where: unknown): void {
  const context = Object(where) as { readonly kind?: string; readonly name?: string | symbol };
  const isStandard = typeof where === 'object' && where !== null;
  if (typeof target === 'function' && (isStandard ? context.kind === 'class' : where === undefined)) return;
  const name = isStandard ? context.name : (where as string | symbol | undefined);
  const on = name === undefined ? 'something else' : `its member \`${String(name)}\``;
  throw new OptionsError(`${decorator} marks a class, and was put on ${on}: put it above \`class\`.`);
}

/** Marks a class or its prototype. Kept on the object itself, not in a registry; what inherits from it has no mark of its own. */
export function setMark(target: object, mark: symbol, value: unknown): void {
  Object.defineProperty(target, mark, { value, configurable: true });
}

/** The mark that was put on this very object; undefined for one that only its base has. */
export function ownMark(target: object, mark: symbol): unknown {
  return Object.getOwnPropertyDescriptor(target, mark)?.value;
}
