import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { ClientOfContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import type { GrpcBroker } from '../protocols/grpc/broker/grpc-broker.js';
import type { MuxBroker } from '../protocols/netrpc/mux-broker.js';
import type { Exit, PluginState } from '../streams/lifecycle.js';
import type { Handshake } from '../wire/handshake/parse-handshake.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import { ClientGrpcBroker, ClientMuxBroker } from './client-brokers.js';
import { type ClientOptions, type ResolvedClientOptions, resolveClientOptions } from './options.js';
import type { HostParts } from './parts.js';
import { PluginLife } from './plugin-life.js';

/** Names in a plugin set. */
export type PluginName<P extends PluginSet> = keyof P & string;

/**
 * One plugin process and the conversation with it (go-plugin Client). Nothing runs until `start`; a client starts once. Construct,
 * subscribe, start: then no event is missed.
 *
 * Properties ending in `$` are hot. `state$`, `handshake$` and `exit$` replay the latest and never error; the others replay nothing.
 * All complete when the plugin is gone.
 */
export class PluginClient<P extends PluginSet = PluginSet> implements AsyncDisposable {
  readonly state$: Observable<PluginState>;
  /** The plugin's handshake, once. Completes without a value when there was none. */
  readonly handshake$: Observable<Handshake>;
  /** What the plugin says on its real stderr, from the first byte to the last. */
  readonly logs$: Observable<LogEntry>;
  /** How the process ended, once. Completes without a value when none was ever started. */
  readonly exit$: Observable<Exit>;
  /**
   * What the plugin's program prints to its stdout after the handshake, chunk by chunk, as it arrives over the protocol (go-plugin
   * ClientConfig SyncStdout). The plugin's real stdout carries the handshake line and nothing else.
   */
  readonly syncStdout$: Observable<Uint8Array>;
  /** The same for its stderr (go-plugin SyncStderr). What the plugin process writes to its real stderr is in `logs$`. */
  readonly syncStderr$: Observable<Uint8Array>;
  /**
   * The bytes of `syncStdout$` as a Readable, for a consumer that may be slow: once it was read, piped or paused it is buffered and holds
   * the plugin's writer up when it is full; until then its bytes are discarded. Owned by the client: it ends with the plugin.
   */
  readonly syncStdout: Readable;
  /** The bytes of `syncStderr$` as a Readable, like `syncStdout`. */
  readonly syncStderr: Readable;

  /**
   * Opens further gRPC connections to the plugin, in both directions, and passes services as arguments. Before `start` only `requests$`
   * and `counts` can be used. Unless the plugin is running, everything else throws, rejects or errors with ClosedError (ERR_NOT_STARTED, ERR_CLOSED),
   * and with PluginCallError ERR_BROKER when the protocol is net/rpc.
   *
   * @example
   * ```ts
   * client.broker.requests$.subscribe(({ kind, id }) => console.log(kind, id));
   * await client.start();
   * const merged$ = client.broker.lend(RefereeDefinition, referee, (id) => merger.merge({ ...conflict, referee: id }));
   * ```
   */
  readonly broker: GrpcBroker;
  /** The broker of net/rpc, likewise: streams inside the connection to the plugin, for io.Readers, io.Writers and callbacks by id. */
  readonly muxBroker: MuxBroker;

  readonly #options: ResolvedClientOptions<P>;
  readonly #life: PluginLife;

  /** Throws OptionsError when the options contradict each other. */
  constructor(options: ClientOptions<P>, parts: HostParts) {
    this.#options = resolveClientOptions(options);
    this.#life = new PluginLife(this.#options, parts);
    this.broker = new ClientGrpcBroker(this.#life);
    this.muxBroker = new ClientMuxBroker(this.#life);
    const { streams } = this.#life;
    this.state$ = streams.state$;
    this.handshake$ = streams.handshake$;
    this.exit$ = streams.exit$;
    this.logs$ = streams.logs.entries$;
    this.syncStdout$ = streams.syncStdout.chunks$;
    this.syncStderr$ = streams.syncStderr.chunks$;
    this.syncStdout = streams.syncStdout.readable;
    this.syncStderr = streams.syncStderr.readable;
  }

  /** The runner's id, a pid in decimal for a process; empty before the plugin was launched. */
  get id(): string {
    return this.#life.id;
  }

  /** True when the plugin is gone and everything of it is cleaned up. */
  get exited(): boolean {
    return this.#life.state.status === 'exited';
  }

  /** The plugin's last lines on stderr, oldest first. */
  get lastStderr(): readonly string[] {
    return this.#life.streams.logs.lastStderr;
  }

  /** What is spoken; undefined unless running. */
  get protocol(): ProtocolName | undefined {
    const { state } = this.#life;
    return state.status === 'running' ? state.protocol : undefined;
  }

  /** The application protocol version that both ends settled on; undefined unless running. */
  get negotiatedVersion(): number | undefined {
    const { state } = this.#life;
    return state.status === 'running' ? state.protocolVersion : undefined;
  }

  /**
   * Starts the plugin and resolves when it is connected. Further calls give the same promise. Rejects with the reason as a typed
   * error, which carries exit code, signal and the last lines of stderr; nothing is left running then.
   */
  start(): Promise<void> {
    return this.#life.start();
  }

  /**
   * A typed client of one plugin of the set. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN for a name outside it, ERR_PLUGIN_PROTOCOL
   * for a contract that is not for the protocol which the plugin speaks, and ClosedError when not running.
   */
  async dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    return (await this.#life.protocol.dispense(name)) as ClientOfContract<P[N]>;
  }

  /** Resolves when the plugin answers that it is well. Rejects with PluginCallError ERR_PING within `pingTimeoutMs`. */
  async ping(): Promise<void> {
    await this.#life.protocol.ping({ timeoutMs: this.#options.pingTimeoutMs });
  }

  /**
   * Where another host, in another process, finds this plugin: for its `reattach` option, or `terraformReattach`. Plain JSON. Rejects
   * with ClosedError when the plugin is not running. AutoMTLS cannot be reattached to: its keys are this host's alone.
   */
  reattachConfig(): Promise<ReattachConfig> {
    return this.#life.reattachConfig();
  }

  /**
   * Asks the plugin to end, waits up to `stopGraceMs` for its answer and again for its end, then kills it and all its children;
   * resolves when nothing of it is left.
   * Idempotent, concurrent-safe, and never rejects: in the end the plugin is gone.
   */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Lets the running plugin keep the host's event loop alive until `unref`. Without it only a start, a stop and calls in flight do. */
  ref(): void {
    this.#life.ref();
  }

  /** Takes `ref` back: a plugin with nothing to do does not keep its host from ending. */
  unref(): void {
    this.#life.unref();
  }
}
