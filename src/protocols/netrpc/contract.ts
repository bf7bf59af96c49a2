import { OptionsError } from '../../errors.js';
import { zeroValue } from '../../wire/gob/decode/zero.js';
import type { NetRpcCodecOptions } from '../../wire/net-rpc.js';
import { describeValue } from '../../wire/option-names.js';
import { quoteText } from '../../wire/quote.js';
import type { PluginContract, ServiceContext } from '../contract.js';
import { requireService } from '../contract-errors.js';
import type { MuxBroker, NetRpcClientOf, NetRpcMethods, NetRpcServiceCall, NetRpcServiceOf } from './mux-broker.js';
import type { NetRpcClient } from './rpc-client.js';
import type { NetRpcCall, NetRpcHandler, NetRpcHandlers, NetRpcResult } from './rpc-service.js';

export type { NetRpcClientOf, NetRpcMethods, NetRpcServiceCall, NetRpcServiceOf } from './mux-broker.js';

const NETRPC = Symbol.for('rxplug.netrpc');

/** The parameters from which a contract makes its client, on the host. */
export interface NetRpcClientContext {
  /** The net/rpc client of the dispensed object, whose methods are `Plugin.…`. Owned by the client that is made of it. */
  readonly rpc: NetRpcClient;
  /** Opens further streams to the plugin (go-plugin: the MuxBroker given to Client). */
  readonly broker: MuxBroker;
  /** Aborted when the plugin has exited. */
  readonly signal: AbortSignal;
}

/** The parameters from which a contract makes its service, in the plugin. */
export interface NetRpcServiceContext extends ServiceContext {
  readonly protocol: 'netrpc';
  /** Opens further streams to the host (go-plugin: the MuxBroker given to Server). */
  readonly broker: MuxBroker;
}

/** Whether a service is being made for net/rpc. */
export function isNetRpcServiceContext(context: ServiceContext): context is NetRpcServiceContext {
  return context.protocol === 'netrpc';
}

/**
 * Both sides of a net/rpc contract as functions (go-plugin Plugin: Client and Server), for a contract that is more than its methods:
 * one that opens brokered streams, for instance.
 */
export interface NetRpcSides<Client, Service> {
  /** On the host: makes what `dispense` resolves with. */
  client(context: NetRpcClientContext): Client;
  /** In the plugin: the methods that are served as `Plugin.…`, or a Promise of them. Called once per dispense. */
  serve(service: Service, context: NetRpcServiceContext): NetRpcHandlers | Promise<NetRpcHandlers>;
  /** Types and limits of the values on the dispensed object's stream. */
  readonly codec?: NetRpcCodecOptions;
}

/** A contract for net/rpc. */
export interface NetRpcPlugin<Client = unknown, Service = unknown>
  extends PluginContract<Client, Service, NetRpcServiceContext> {
  readonly [NETRPC]: NetRpcSides<Client, Service>;
}

/** Types and limits of a contract's values, and the interface that a host gets. */
export interface NetRpcPluginView<Client, View> extends NetRpcCodecOptions {
  /** Makes what `dispense` gives of the typed client: `promiseClient`, or a function of your own. @default the typed client itself */
  readonly view: (client: Client) => View;
}

/**
 * A net/rpc contract, from the schemas of its methods, or from functions for its two sides. Throws OptionsError for a method name that
 * Go cannot export.
 *
 * @example
 * ```ts
 * export const plugins = {
 *   kv: netRpcPlugin({ put: method(Entry, gob.int), get: method(gob.string, Lookup) }),
 * };
 * ```
 */
export function netRpcPlugin<Client, Service>(sides: NetRpcSides<Client, Service>): NetRpcPlugin<Client, Service>;
export function netRpcPlugin<const M extends NetRpcMethods, View>(
  methods: M,
  options: NetRpcPluginView<NetRpcClientOf<M>, View>,
): NetRpcPlugin<View, NetRpcServiceOf<M>>;
export function netRpcPlugin<const M extends NetRpcMethods>(
  methods: M,
  codec?: NetRpcCodecOptions,
): NetRpcPlugin<NetRpcClientOf<M>, NetRpcServiceOf<M>>;
export function netRpcPlugin<Client, Service>(
  of: NetRpcMethods | NetRpcSides<Client, Service>,
  options: Partial<NetRpcPluginView<never, unknown>> = {},
): NetRpcPlugin {
  if (typeof of !== 'object' || (of as unknown) === null)
    throw new OptionsError(`Expected the methods of a net/rpc contract, or its two sides, got ${describeValue(of)}.`);
  const sides = typeof of.client === 'function' ? of : methodSides(of as NetRpcMethods, options);
  return contractWithSides(sides as NetRpcSides<unknown, unknown>);
}

/**
 * A net/rpc contract of sides that the library has changed or combined. A program without `netRpcPlugin` has none to begin with, by which the
 * library's bundles know that they need no net/rpc.
 */
export function contractWithSides<Client, Service>(sides: NetRpcSides<Client, Service>): NetRpcPlugin<Client, Service> {
  // `implement` checks the types of contract and service; here they are erased.
  return { protocols: ['netrpc'], [NETRPC]: sides };
}

/** The net/rpc sides of a contract; undefined when it has none. */
export function netRpcSidesOf(contract: PluginContract): NetRpcSides<unknown, unknown> | undefined {
  return (contract as Partial<NetRpcPlugin>)[NETRPC];
}

/** The name on the wire: Go exports only names that begin with an upper-case letter. */
export function wireName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function methodSides(
  methods: NetRpcMethods,
  { view, ...codec }: Partial<NetRpcPluginView<never, unknown>>,
): NetRpcSides<unknown, object> {
  checkNames(Object.keys(methods));
  return {
    codec,
    client({ rpc }) {
      const client: unknown = createTypedClient(rpc, 'Plugin', methods);
      return view === undefined ? client : view(client as never);
    },
    serve: (service, context) => handlersOf(methods, service, context.broker),
  };
}

function checkNames(names: readonly string[]): void {
  const known = new Map<string, string>();
  for (const name of names) {
    const wire = wireName(name);
    if (!/^\p{Lu}[\p{L}\p{Nd}_]*$/u.test(wire))
      throw new OptionsError(
        `Expected the name of a method that Go can export, such as \`greet\`, got ${quoteText(name)}.`,
      );
    const other = known.get(wire);
    if (other !== undefined)
      throw new OptionsError(
        `The methods ${other} and ${name} have the same name on the wire, ${wire}. Rename one of them.`,
      );
    known.set(wire, name);
  }
}

/**
 * A typed client of a service's methods over a net/rpc client, which it owns from here on.
 *
 * @example
 * ```ts
 * const client = createTypedClient(createNetRpcClient(await broker.dial(id)), 'Plugin', { ask: method(gob.string, gob.string) });
 * const answer = await firstValueFrom(client.ask('who?'));
 * ```
 */
export function createTypedClient<M extends NetRpcMethods>(
  rpc: NetRpcClient,
  service: string,
  methods: M,
): NetRpcClientOf<M> {
  const client: Record<string | symbol, unknown> = { [Symbol.asyncDispose]: () => rpc.close() };
  for (const [name, { args, reply }] of Object.entries(methods)) {
    const serviceMethod = `${service}.${wireName(name)}`;
    client[name] = (value: unknown = zeroValue(args)) => rpc.call(serviceMethod, args, value, reply);
  }
  // One property for each method, as the type says.
  return client as NetRpcClientOf<M>;
}

/**
 * Handlers that call a service object's methods, for `serveNetRpc` and `MuxBroker.acceptAndServe`.
 *
 * @example
 * ```ts
 * const handlers = handlersOf({ ask: method(gob.string, gob.string) }, { ask: (question) => `${question} I!` }, broker);
 * broker.acceptAndServe(id, new Map([['Plugin', handlers]])).subscribe();
 * ```
 */
export function handlersOf<M extends NetRpcMethods>(
  methods: M,
  service: NetRpcServiceOf<M> | object,
  broker: MuxBroker,
): NetRpcHandlers {
  requireService('a net/rpc contract', service);
  const members = service as Readonly<Record<string, NetRpcMember | undefined>>;
  return new Map(
    Object.entries(methods).map(([name, { args, reply }]): [string, NetRpcHandler] => [
      wireName(name),
      { args, reply, handle: (value, call) => invoke(members, name, value, withBroker(call, broker)) },
    ]),
  );
}

type NetRpcMember = (args: unknown, call: NetRpcServiceCall) => NetRpcResult<unknown>;

function invoke(
  members: Readonly<Record<string, NetRpcMember | undefined>>,
  name: string,
  args: unknown,
  call: NetRpcServiceCall,
): NetRpcResult<unknown> {
  const member = members[name];
  if (typeof member !== 'function') throw new TypeError(`the service does not implement ${name}`);
  return member.call(members, args, call);
}

function withBroker(call: NetRpcCall, broker: MuxBroker): NetRpcServiceCall {
  return {
    serviceMethod: call.serviceMethod,
    signal: call.signal,
    afterReply: (callback) => call.afterReply(callback),
    broker,
  };
}
