import { ownMark, requireClass, setMark } from '../assembly/class-mark.js';
import { markService, type ServiceClass } from '../assembly/plugin-service.js';
import { OptionsError } from '../errors.js';
import { type NetRpcMethods, type NetRpcServiceCall, netRpcPlugin } from '../protocols/netrpc/contract.js';
import { method, type NetRpcResult, type NetRpcSignature } from '../protocols/netrpc/rpc-service.js';
import type { GobSchema } from '../wire/gob/index.js';
import type { NetRpcCodecOptions } from '../wire/net-rpc.js';

const METHODS = Symbol.for('rxplug.netrpc.methods');

type Method<Args, Reply> = (args: Args, call: NetRpcServiceCall) => NetRpcResult<Reply>;

/** `unknown` for a method that accepts every `Args`, or none; else a type that no descriptor has, which names the mistake. */
type Takes<Args, M> = M extends () => unknown
  ? unknown
  : M extends (args: infer Taken, ...rest: never) => unknown
    ? [Args] extends [Taken]
      ? unknown
      : { readonly 'this method has to take': Args }
    : never;

/**
 * Marks a class for `serve`: its methods with `@NetRpcMethod`, and those of its base classes, are served over net/rpc as `Plugin.…`.
 * The container makes an object for each dispense; the constructor may inject `LOGGER`, `MUX_BROKER` and anything else that is bound.
 * Throws OptionsError for a class without such methods, and for names that Go cannot export.
 *
 * @example
 * ```ts
 * @NetRpcService()
 * class Greeter {
 *   @NetRpcMethod(gob.string, gob.string)
 *   greet(name: string) {
 *     return `Hello ${name}!`;
 *   }
 * }
 * await serve({ handshake, plugins: { greeter: Greeter } });
 * ```
 */
export function NetRpcService(codec: NetRpcCodecOptions = {}): (target: ServiceClass) => void {
  return (target, ...[where]: unknown[]) => {
    requireClass('@NetRpcService', target, where);
    const methods = methodsOf(target.prototype as object);
    if (Object.keys(methods).length === 0)
      throw new OptionsError(
        `The class ${target.name || '(anonymous)'} has no methods to serve. Put @NetRpcMethod(args, reply) on some.`,
      );
    markService(target, netRpcPlugin(methods, codec));
  };
}

/** What `@NetRpcMethod(…)` is, for both kinds of decorators. */
export interface NetRpcMethodDecorator<Args, Reply> {
  /** TypeScript's own, with `experimentalDecorators`. */
  <M extends Method<Args, Reply>>(
    target: object,
    name: string,
    descriptor: TypedPropertyDescriptor<M> & Takes<Args, M>,
  ): void;
  /** A standard one. */
  <M extends Method<Args, Reply>>(method: M & Takes<Args, M>, context: ClassMethodDecoratorContext): void;
}

/**
 * Marks a method of a `@NetRpcService` class, with the schemas of its argument and its reply. A method with other types does not compile.
 * On the wire the first letter of its name is upper case: `greet` is `Plugin.Greet`. As a standard decorator it marks the function: one
 * that replaces the method goes below it.
 */
export function NetRpcMethod<Args, Reply>(
  args: GobSchema<Args>,
  reply: GobSchema<Reply>,
): NetRpcMethodDecorator<Args, Reply> {
  const signature = method(args, reply);
  return (target: object, nameOrContext: string | ClassMethodDecoratorContext): void => {
    if (typeof nameOrContext === 'object') return markFunction(target, nameOrContext, signature);
    if (typeof target === 'function') throw isNoMethod(nameOrContext, 'static');
    const own = ownMark(target, METHODS) as NetRpcMethods | undefined;
    setMark(target, METHODS, { ...own, [nameOrContext]: signature });
  };
}

/** Standard decorators know nothing of the class yet. */
function markFunction(target: object, context: ClassMethodDecoratorContext, signature: NetRpcSignature): void {
  if (context.static || context.private) throw isNoMethod(String(context.name), context.static ? 'static' : 'private');
  setMark(target, METHODS, signature);
}

function isNoMethod(name: string, what: string): OptionsError {
  return new OptionsError(`The method ${name} is ${what}; a plugin's methods are those of its objects.`);
}

/** The marked methods of a class; a method that is marked again replaces that of the base class. */
function methodsOf(prototype: object | null): Record<string, NetRpcSignature> {
  if (prototype === null) return {};
  const inherited = methodsOf(Object.getPrototypeOf(prototype) as object | null);
  const marked = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) => {
    const signature = typeof value === 'function' ? ownMark(value as object, METHODS) : undefined;
    return signature === undefined ? [] : [[name, signature as NetRpcSignature] as const];
  });
  return { ...inherited, ...Object.fromEntries(marked), ...(ownMark(prototype, METHODS) as NetRpcMethods | undefined) };
}
