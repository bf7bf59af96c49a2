import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { ClientOfContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import type { GrpcBroker } from '../protocols/grpc/broker/grpc-broker.js';
import type { MuxBroker } from '../protocols/netrpc/mux-broker.js';
import type { PingOptions } from '../protocols/protocol.js';
import type { Exit, PluginIdentity, PluginState } from '../streams/lifecycle.js';
import { untilAborted } from '../streams/until-aborted.js';
import type { Handshake } from '../wire/handshake/parse-handshake.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import { CALL_SITES_VARIABLE, callSite, withCallSites, withSite } from './call-sites.js';
import { ClientGrpcBroker, ClientMuxBroker } from './client-brokers.js';
import { watchedOf } from './launch-options.js';
import type { NegotiatedPlugins } from './negotiated.js';
import { type ClientOptions, type ResolvedClientOptions, resolveClientOptions } from './options.js';
import type { HostPartsSource } from './parts.js';
import { PluginLife } from './plugin-life.js';

/** The names of a plugin set. */
export type PluginName<P extends PluginSet> = keyof P & string;

/** What ends a wait before its time. */
export interface WaitOptions {
  /** Ends the wait when it is aborted. @default none */
  readonly signal?: AbortSignal;
}

/**
 * A client of one plugin process (go-plugin Client). Construct, subscribe, start: nothing runs before `start`, so a subscriber misses
 * nothing. A client starts once.
 *
 * Properties ending in `$` are hot, complete when the plugin is gone, and never error. `state$`, `handshake$` and `exit$` replay the
 * latest value; the others replay nothing.
 *
 * @example
 * ```ts
 * await using client = createClient({ command: ['./kv-plugin'], handshake, plugins });
 * client.logs$.subscribe(({ level, message }) => console.log(level, message));
 * await client.start();
 * const kv = await client.dispense('kv');
 * ```
 */
export class PluginClient<P extends PluginSet = PluginSet, Negotiated = NegotiatedPlugins<number, P>>
  implements AsyncDisposable
{
  /** The states, from `idle` to `exited`, which is the last. A subscription does not keep the host's process alive; see `ref`. */
  readonly state$: Observable<PluginState>;
  /** The plugin's handshake, once. Completes without a value when there was none. */
  readonly handshake$: Observable<Handshake>;
  /** The lines of the plugin's real stderr as log entries, and the host's own remarks (module `rxplug`). */
  readonly logs$: Observable<LogEntry>;
  /**
   * How the process ended, once. Completes without a value when none was started. A subscription does not keep the host's process alive:
   * `whenExited` does, and so does `ref`.
   */
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
  readonly #callSites: boolean;

  /** `createClient` is the way to make one. Throws OptionsError for options that are malformed or exclude each other. */
  constructor(options: ClientOptions<P>, parts: HostPartsSource) {
    this.#options = resolveClientOptions(options);
    this.#callSites = options.callSites ?? (process.env[CALL_SITES_VARIABLE] ?? '') !== '';
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

  /** What the plugin is called in its states, logs and errors: the option `name`, or its default. */
  get name(): string {
    return this.#life.streams.name;
  }

  /** Which plugin it is: its name, and its version where the option `manifest` says it. Otherwise the version is unknown. */
  get plugin(): PluginIdentity {
    return this.#life.streams.identity;
  }

  /** The runner's id: a pid in decimal for a process; empty before the plugin was launched. */
  get id(): string {
    return this.#life.id;
  }

  /** Whether the plugin is gone and everything of it was released (go-plugin Exited). */
  get exited(): boolean {
    return this.#life.state.status === 'exited';
  }

  /** The plugin's last lines on its real stderr, oldest first. */
  get lastStderr(): readonly string[] {
    return this.#life.streams.logs.lastStderr;
  }

  /** The protocol of the connection, also after its end (go-plugin Protocol); undefined before. */
  get protocol(): ProtocolName | undefined {
    return this.#life.plugin?.protocol;
  }

  /** The application protocol version that both ends use, also after the end (go-plugin NegotiatedVersion); undefined before. */
  get negotiatedVersion(): number | undefined {
    return this.#life.plugin?.protocolVersion;
  }

  /**
   * The version with its plugin set, also after the end; undefined before. With `versionedPlugins` the compiler knows what each version has.
   *
   * @example
   * ```ts
   * const { negotiated } = client;
   * if (negotiated?.version === 3) await use(await negotiated.dispense('probe'));
   * ```
   */
  get negotiated(): Negotiated | undefined {
    const version = this.negotiatedVersion;
    if (version === undefined) return undefined;
    const negotiated: NegotiatedPlugins<number, P> = { version, dispense: (name) => this.dispense(name) };
    // The options have said which versions there are.
    return negotiated as Negotiated;
  }

  /**
   * Starts the plugin; resolves when it is connected. Further calls return the same promise. Rejects with a PluginError that carries
   * exit code, signal and last lines of stderr in `details`, after everything of the plugin was released; with ClosedError ERR_CLOSED
   * when the plugin was stopped, and ERR_PLUGIN_EXITED when it has crashed. `signal` ends a start that is under way, as `stop` does: everything is released, and it
   * rejects with StartError ERR_START_ABORTED. Once the plugin runs, it has no effect.
   */
  start({ signal }: WaitOptions = {}): Promise<void> {
    return this.#tracked(this.#life.start(signal));
  }

  /**
   * A new typed client of one plugin of the set. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN for a name outside the set,
   * ERR_PLUGIN_PROTOCOL for a contract of another protocol than the connection's, and ClosedError unless the plugin is running.
   */
  dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    return this.#tracked(this.#dispense(name));
  }

  async #dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    const client = (await this.#life.protocol.dispense(name)) as ClientOfContract<P[N]>;
    return this.#callSites ? withCallSites(client) : client;
  }

  /**
   * Resolves when the plugin answers that it is healthy. Rejects with PluginCallError ERR_PING, after `pingTimeoutMs` at the latest, and with
   * the signal's reason when it is aborted.
   */
  ping({ signal }: WaitOptions = {}): Promise<void> {
    return this.#tracked(this.#ping(signal));
  }

  get #pingOptions(): PingOptions {
    const { launch, pingTimeoutMs: timeoutMs } = this.#options;
    const { healthService: service } = watchedOf(launch);
    return { timeoutMs, ...(service === undefined ? {} : { service }) };
  }

  async #ping(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await untilAborted(this.#life.protocol.ping(this.#pingOptions), signal);
  }

  /**
   * Resolves with how the process ended, also when it has ended before. Without a process it resolves when the client is stopped, with
   * neither code nor signal. Unlike `exit$` it keeps the host's process alive while the plugin runs. Never rejects.
   *
   * @example
   * ```ts
   * const { code, signal } = await client.whenExited();
   * ```
   */
  whenExited(): Promise<Exit> {
    return this.#life.whenExited();
  }

  /**
   * Where another host finds this plugin: plain JSON for its option `reattach`, or for `terraformReattach`. Rejects with ClosedError
   * unless the plugin is running, and with OptionsError for a plugin with `autoMtls` or `grpcBrokerMultiplex`, which only this host can
   * connect to.
   */
  reattachConfig(): Promise<ReattachConfig> {
    return this.#life.reattachConfig();
  }

  /**
   * Asks the plugin to end, waits up to `stopGraceMs` for its answer and as long again for its exit, then kills it with its children
   * (go-plugin Kill). Resolves when everything of it is released. Can be called at any time, and more than once. Never rejects.
   */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Keeps the host's process alive while the plugin runs, until `unref`. By default only a start, a stop and open calls do. */
  ref(): void {
    this.#life.ref();
  }

  /** With call sites, the error of a result has the place where the method was called: two frames from here. */
  #tracked<T>(result: Promise<T>): Promise<T> {
    return this.#callSites ? withSite(result, callSite(2)) : result;
  }

  /** Undoes `ref`. */
  unref(): void {
    this.#life.unref();
  }
}
