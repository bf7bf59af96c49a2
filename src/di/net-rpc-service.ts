import { ownMark, setMark } from '../assembly/class-mark.js';
import { markService, type ServiceClass } from '../assembly/plugin-service.js';
import { OptionsError } from '../errors.js';
import { type NetRpcMethods, type NetRpcServiceCall, netRpcPlugin } from '../protocols/netrpc/contract.js';
import { method, type NetRpcResult, type NetRpcSignature } from '../protocols/netrpc/rpc-service.js';
import type { GobSchema } from '../wire/gob/index.js';
import type { NetRpcCodecOptions } from '../wire/net-rpc.js';
import { refuseStandardDecorator } from './standard-decorator.js';

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
  return (target) => {
    const methods = methodsOf(target.prototype as object);
    if (Object.keys(methods).length === 0)
      throw new OptionsError(
        `The class ${target.name || '(anonymous)'} has no methods to serve. Put @NetRpcMethod(args, reply) on some.`,
      );
    markService(target, netRpcPlugin(methods, codec));
  };
}

/**
 * Marks a method of a `@NetRpcService` class, with the schemas of its argument and its reply. A method with other types does not compile.
 * On the wire the first letter of its name is upper case: `greet` is `Plugin.Greet`.
 */
export function NetRpcMethod<Args, Reply>(args: GobSchema<Args>, reply: GobSchema<Reply>) {
  return <M extends Method<Args, Reply>>(
    target: object,
    name: string,
    _descriptor: TypedPropertyDescriptor<M> & Takes<Args, M>,
  ): void => {
    refuseStandardDecorator('@NetRpcMethod', name);
    if (typeof target === 'function')
      throw new OptionsError(`The method ${name} is static; a plugin's methods are those of its objects.`);
    const own = ownMark(target, METHODS) as NetRpcMethods | undefined;
    setMark(target, METHODS, { ...own, [name]: method(args, reply) });
  };
}

/** The marked methods of a class; a method that is marked again replaces that of the base class. */
function methodsOf(prototype: object | null): Record<string, NetRpcSignature> {
  if (prototype === null) return {};
  const inherited = methodsOf(Object.getPrototypeOf(prototype) as object | null);
  return { ...inherited, ...(ownMark(prototype, METHODS) as NetRpcMethods | undefined) };
}
