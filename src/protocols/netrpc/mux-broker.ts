import type { Duplex } from 'node:stream';
import type { Observable, ObservableInput, SchedulerLike } from 'rxjs';
import { PluginCallError } from '../../errors.js';
import type { DialOptions } from '../../transports/transport.js';
import { optionNames } from '../../wire/option-names.js';
import type { BrokerKnock } from '../broker-request.js';
import type { ClientProtocol } from '../protocol.js';
import type { NetRpcServerOptions } from './rpc-server.js';
import type { NetRpcCall, NetRpcResult, NetRpcServices, NetRpcSignature } from './rpc-service.js';

/** How long the two sides of a brokered stream wait for each other. */
export interface MuxBrokerOptions {
  /** How long `accept` waits for a stream, a stream for `accept`, and a stream's opener may take to send its id. @default 5000 ms */
  readonly timeoutMs?: number;
  /** How long `dial` waits for the other side. Longer than that side's own `timeoutMs`. @default 10 000 ms */
  readonly dialTimeoutMs?: number;
  /** Most streams that wait to be accepted; further ones are closed. @default 1024 */
  readonly maxPending?: number;
  /** The clock of its timeouts, for tests. @default asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

export const MUX_BROKER_OPTION_NAMES = optionNames<MuxBrokerOptions>()('timeoutMs dialTimeoutMs maxPending scheduler');

/**
 * Opens further connections between host and plugin, inside their yamux session (go-plugin mux_broker.go). One side takes an id from
 * `nextId`, accepts it and passes it to the other side, in the argument of a call for instance; the other side dials it. Either may
 * come first, within 5 s. Each id is used once. The Duplex that both sides get carries any bytes and belongs to its receiver.
 *
 * @example
 * ```ts
 * const id = broker.nextId();
 * const accepted = firstValueFrom(broker.accept(id));
 * const size = firstValueFrom(files.upload(id)); // the plugin dials the id and reads
 * await pipeline(content, await accepted);
 * ```
 */
export interface MuxBroker {
  /** What the peer asks for: a connection to an id of this side. Hot; replays nothing. Completes with the session. Never errors. */
  readonly requests$: Observable<BrokerKnock>;
  /** A new id of this side: 1, 2, 3, … For one use. */
  nextId(): number;
  /**
   * The stream with which the peer dials an id of this side. Cold: waits from the subscription on, emits once and completes. Errors
   * with PluginCallError ERR_BROKER_TIMEOUT when the peer does not dial in time, ERR_BROKER for an id that is awaited already, and
   * ClosedError when the session has ended.
   */
  accept(id: number): Observable<Duplex>;
  /**
   * Accepts an id and serves net/rpc on its stream. Cold: subscribing accepts, emits the id when the peer may dial it, and stays;
   * unsubscribing ends the serving. Completes when the peer has closed the stream. Errors like `accept`. On a host, serving alone
   * does not keep the process alive.
   *
   * @example
   * ```ts
   * const services = new Map([['Plugin', new Map([['Ask', handler(gob.string, gob.string, answer)]])]]);
   * broker.acceptAndServe(broker.nextId(), services).pipe(switchMap((id) => client.back(id)));
   * ```
   */
  acceptAndServe(id: number, services: NetRpcServices, options?: NetRpcServerOptions): Observable<number>;
  /**
   * Connects to an id that the peer accepts. Rejects with PluginCallError ERR_BROKER when the peer does not accept it,
   * ERR_BROKER_TIMEOUT when the peer does not answer, with the signal's reason, or with the error that ended the session.
   */
  dial(id: number, options?: DialOptions): Promise<Duplex>;
  /**
   * Passes a service as an argument of a call: serves it at a new id, by the name that Go expects (`Plugin`), while the Observable or Promise
   * that `use` returns runs, normally a call with the id in its argument. Cold; mirrors that call.
   *
   * @example
   * ```ts
   * broker.lend({ ask: method(gob.string, gob.string) }, { ask: (question) => `${question} I!` }, (id) => client.back(id));
   * ```
   */
  lend<M extends NetRpcMethods, T>(
    methods: M,
    service: NetRpcServiceOf<M>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T>;
  /**
   * The other end of `lend`: dials the id, makes a typed client of its service for `use`, and closes it when the Observable or Promise that
   * `use` returns has ended. Cold; mirrors that.
   */
  borrow<M extends NetRpcMethods, T>(
    methods: M,
    id: number,
    use: (client: NetRpcClientOf<M>) => ObservableInput<T>,
  ): Observable<T>;
}

/** The context of a call, passed to a service's method beside the argument. */
export interface NetRpcServiceCall extends NetRpcCall {
  /** Opens further streams to the caller's host. */
  readonly broker: MuxBroker;
}

/** Methods by name. On the wire the first letter is upper case, as Go requires: `greet` is `Plugin.Greet`. */
export type NetRpcMethods = Readonly<Record<string, NetRpcSignature>>;

type ArgsOf<M> = M extends NetRpcSignature<infer Args, infer _Reply> ? Args : never;
type ReplyOf<M> = M extends NetRpcSignature<infer _Args, infer Reply> ? Reply : never;
/** An argument that may be null or an empty object may be left out. */
type Parameters<Args> = null extends Args
  ? [args?: Args]
  : Record<never, never> extends Args
    ? [args?: Args]
    : [args: Args];

/**
 * The client of a contract: each call is a cold Observable of one reply (see NetRpcClient.call for errors and unsubscribing). Disposing
 * it closes the stream of the dispensed object; other clients stay open.
 */
export type NetRpcClientOf<M extends NetRpcMethods> = {
  readonly [K in keyof M]: (...args: Parameters<ArgsOf<M[K]>>) => Observable<ReplyOf<M[K]>>;
} & AsyncDisposable;

/** The service that implements a contract: a method for each method. */
export type NetRpcServiceOf<M extends NetRpcMethods> = {
  [K in keyof M]: (args: ArgsOf<M[K]>, call: NetRpcServiceCall) => NetRpcResult<ReplyOf<M[K]>>;
};

/** The MuxBroker of a connected plugin. Throws PluginCallError ERR_BROKER when the protocol is not net/rpc. */
export function muxBrokerOf({ name, broker }: ClientProtocol): MuxBroker {
  if (name === 'netrpc' && broker !== undefined) return broker as MuxBroker;
  throw new PluginCallError(
    'ERR_BROKER',
    `This plugin has no MuxBroker: it speaks ${name}. Over gRPC the broker is \`client.broker\`.`,
  );
}
