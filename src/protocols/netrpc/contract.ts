import type { Observable } from 'rxjs';
import { OptionsError } from '../../errors.js';
import { zeroValue } from '../../wire/gob/index.js';
import type { NetRpcCodecOptions } from '../../wire/net-rpc.js';
import { quoteText } from '../../wire/quote.js';
import type { PluginContract, ServiceContext } from '../contract.js';
import type { MuxBroker } from './broker.js';
import type { NetRpcClient } from './rpc-client.js';
import type { NetRpcCall, NetRpcHandler, NetRpcHandlers, NetRpcResult, NetRpcSignature } from './rpc-service.js';

const NETRPC = Symbol.for('rxplug.netrpc');

/** What the host's side of a contract is made with. */
export interface NetRpcClientContext {
  /** The stream to the dispensed object, whose methods are `Plugin.…`. The client that is made of it owns it. */
  readonly rpc: NetRpcClient;
  /** Further connections, both ways (go-plugin: the MuxBroker given to Client). */
  readonly broker: MuxBroker;
  /** Aborted when the plugin is gone. */
  readonly signal: AbortSignal;
}

/** What the plugin's side of a contract is made with. */
export interface NetRpcServiceContext extends ServiceContext {
  readonly protocol: 'netrpc';
  /** Further connections, both ways (go-plugin: the MuxBroker given to Server). */
  readonly broker: MuxBroker;
}

/** Whether a service is being made to be served over net/rpc. */
export function isNetRpcServiceContext(context: ServiceContext): context is NetRpcServiceContext {
  return context.protocol === 'netrpc';
}

/** Both sides of a net/rpc contract (go-plugin Plugin: Client and Server). */
export interface NetRpcSides<Client, Service> {
  /** Host: what `dispense` gives. */
  client(context: NetRpcClientContext): Client;
  /** Plugin: the methods that are served as `Plugin.…`. Called once per dispense. */
  serve(service: Service, context: NetRpcServiceContext): NetRpcHandlers;
  /** How the values of the dispensed object's stream are encoded and decoded: registry, limits. */
  readonly codec?: NetRpcCodecOptions;
}

/** A contract that is spoken over net/rpc. */
export interface NetRpcPlugin<Client = unknown, Service = unknown>
  extends PluginContract<Client, Service, NetRpcServiceContext> {
  readonly [NETRPC]: NetRpcSides<Client, Service>;
}

/** What a method of a service is called with besides its argument. */
export interface NetRpcServiceCall extends NetRpcCall {
  readonly broker: MuxBroker;
}

/** Methods by name. On the wire the first letter is upper case, as Go demands: `greet` is `Plugin.Greet`. */
export type NetRpcMethods = Readonly<Record<string, NetRpcSignature>>;

type ArgsOf<M> = M extends NetRpcSignature<infer Args, infer _Reply> ? Args : never;
type ReplyOf<M> = M extends NetRpcSignature<infer _Args, infer Reply> ? Reply : never;
/** An argument that can be nil or nothing may be left out. */
type Parameters<Args> = null extends Args
  ? [args?: Args]
  : Record<never, never> extends Args
    ? [args?: Args]
    : [args: Args];

/**
 * The client of a contract: each call is a cold Observable of one reply (see NetRpcClient.call for errors and unsubscribing). Disposing
 * of it closes its stream, no more.
 */
export type NetRpcClientOf<M extends NetRpcMethods> = {
  readonly [K in keyof M]: (...args: Parameters<ArgsOf<M[K]>>) => Observable<ReplyOf<M[K]>>;
} & AsyncDisposable;

/** What implements a contract. */
export type NetRpcServiceOf<M extends NetRpcMethods> = {
  [K in keyof M]: (args: ArgsOf<M[K]>, call: NetRpcServiceCall) => NetRpcResult<ReplyOf<M[K]>>;
};

/** A contract from the types of its methods, or from two functions that say what each side is. */
export function netRpcPlugin<Client, Service>(sides: NetRpcSides<Client, Service>): NetRpcPlugin<Client, Service>;
export function netRpcPlugin<const M extends NetRpcMethods>(
  methods: M,
  codec?: NetRpcCodecOptions,
): NetRpcPlugin<NetRpcClientOf<M>, NetRpcServiceOf<M>>;
export function netRpcPlugin<Client, Service>(
  of: NetRpcMethods | NetRpcSides<Client, Service>,
  codec: NetRpcCodecOptions = {},
): NetRpcPlugin {
  const sides = typeof of.client === 'function' ? of : methodSides(of as NetRpcMethods, codec);
  // The service that a contract is paired with fits it (`implement`); here only the pair is kept, not the type.
  return { protocols: ['netrpc'], [NETRPC]: sides as NetRpcSides<unknown, unknown> };
}

/** The net/rpc sides of a contract; undefined when it cannot be spoken over net/rpc. */
export function netRpcSidesOf(contract: PluginContract): NetRpcSides<unknown, unknown> | undefined {
  return (contract as Partial<NetRpcPlugin>)[NETRPC];
}

/** The name on the wire: Go exports names that begin with an upper-case letter. */
export function wireName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function methodSides(methods: NetRpcMethods, codec: NetRpcCodecOptions): NetRpcSides<unknown, object> {
  checkNames(Object.keys(methods));
  return {
    codec,
    client: ({ rpc }) => createTypedClient(rpc, 'Plugin', methods),
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
      throw new OptionsError(`The methods ${other} and ${name} are one on the wire, ${wire}. Rename one of them.`);
    known.set(wire, name);
  }
}

/** A client of a service's methods over an existing stream, which it owns from here on. */
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
  // Every property that the type has was just made.
  return client as NetRpcClientOf<M>;
}

/** The handlers of a service object's methods. */
export function handlersOf<M extends NetRpcMethods>(
  methods: M,
  service: NetRpcServiceOf<M> | object,
  broker: MuxBroker,
): NetRpcHandlers {
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
