/** How inversify 8 is called in a stack; the frame that is met first is the one that asks. */
const ASKED_BY = /\bServiceResolutionManager\.(get|getAll|getAsync|getAllAsync) /;

/**
 * True where a factory of a binding is called by `container.get`, which throws a Promise away; false where it waits, and where that cannot
 * be told. inversify tells a factory nothing of who asks, and looks at its result after it has returned: only the stack differs. So this is for
 * a better message than inversify's, and for nothing else: without it the same `get` fails with that.
 */
export function askedByGet(): boolean {
  const limit = Error.stackTraceLimit;
  // By Reflect: it may not be writable. A graph of objects is deeper than the ten frames of the default.
  Reflect.set(Error, 'stackTraceLimit', Number.POSITIVE_INFINITY);
  const asked = ASKED_BY.exec(String(new Error().stack))?.[1];
  Reflect.set(Error, 'stackTraceLimit', limit);
  return asked === 'get' || asked === 'getAll';
}
