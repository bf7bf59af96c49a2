import { defer, firstValueFrom, map, type Observable, type ObservableInput, Subject, switchMap } from 'rxjs';
import { PluginCallError, SupervisionError } from '../errors.js';
import { baseVersionOf } from '../host/launch-options.js';
import type { ClientOptions } from '../host/options.js';
import type { HostPartsSource } from '../host/parts.js';
import type { PluginClient, PluginName } from '../host/plugin-client.js';
import type { ClientOfContract, PluginContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import type { GrpcBroker } from '../protocols/grpc/broker/grpc-broker.js';
import { remoteClient } from '../protocols/grpc/client/remote-defaults.js';
import type { GrpcHostOptions } from '../protocols/grpc/client-protocol.js';
import { grpcSidesOf } from '../protocols/grpc/contract.js';
import type { MuxBroker } from '../protocols/netrpc/mux-broker.js';
import type { PluginIdentity } from '../streams/lifecycle.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import { counted } from './calls/open-call.js';
import { SwitchingChannel } from './calls/switching-channel.js';
import type { SupervisorEvent } from './events.js';
import { type ContractTable, clientOf, contractTable, MemberClient } from './member-client.js';
import { type ResolvedSupervision, resolveSupervision, type SupervisionOptions } from './options.js';
import { PluginRoute } from './plugin-route.js';
import type { PluginUsage } from './recycling.js';
import type { SupervisorState } from './state.js';
import { Supervisor } from './supervisor.js';
import { SwitchingGrpcBroker, SwitchingMuxBroker } from './switching-broker.js';
import { SwitchingRpc } from './switching-rpc.js';

/** A log entry with the generation that it is of. */
export interface SupervisedLogEntry extends LogEntry {
  readonly generation: number;
  /** The plugin's version, where its manifest says it. */
  readonly version?: string;
}

/** A chunk of output with the generation that it is of. */
export interface SupervisedOutput {
  readonly generation: number;
  readonly chunk: Uint8Array;
}

/** The options of `createClient`, and how the plugin is supervised. */
export type SupervisedOptions<P extends PluginSet = PluginSet> = ClientOptions<P> & {
  readonly supervision?: SupervisionOptions<P>;
};

interface GrpcOption {
  readonly grpc?: GrpcHostOptions;
}

/**
 * A plugin that is started again when it ends, and whose clients stay: they call whichever process serves. `supervise` makes one.
 *
 * Properties ending in `$` are hot, have all generations in them, complete when it is stopped, and never error. `state$` replays the
 * latest state; the others replay nothing.
 */
export class SupervisedPlugin<P extends PluginSet = PluginSet> implements AsyncDisposable {
  readonly state$: Observable<SupervisorState>;
  /** What happens besides the states: starts, stops with their reasons, calls that are made again. */
  readonly events$: Observable<SupervisorEvent>;
  /** The log entries of all generations. */
  readonly logs$: Observable<SupervisedLogEntry>;
  /** What the plugin's program prints, as `syncStdout$` of a client. */
  readonly syncStdout$: Observable<SupervisedOutput>;
  /** The same for its stderr. */
  readonly syncStderr$: Observable<SupervisedOutput>;
  /** What the generation that serves uses, every `sampleMs`. Cold: looks while it is subscribed to, which does not keep the process alive. */
  readonly usage$: Observable<PluginUsage>;
  /** The broker of the generation that serves. What is lent through it ends with that generation. A pool has none (`withMember`). */
  readonly broker: GrpcBroker;
  /** The broker of net/rpc, likewise. */
  readonly muxBroker: MuxBroker;
  readonly #options: SupervisedOptions<P> & GrpcOption;
  readonly #supervision: ResolvedSupervision;
  readonly #contracts: ContractTable;
  readonly #supervisor: Supervisor;
  readonly #clients = new Subject<{ readonly client: MemberClient; readonly generation: number }>();
  readonly #logs = new Subject<SupervisedLogEntry>();
  readonly #stdout = new Subject<SupervisedOutput>();
  readonly #stderr = new Subject<SupervisedOutput>();
  readonly #lasting = new Map<string, unknown>();
  #channel: SwitchingChannel | undefined;
  readonly #plugin: PluginIdentity;
  #version: number | undefined;
  readonly #gone = new AbortController();

  /** `supervise` is the way to make one. Throws OptionsError. */
  constructor(options: SupervisedOptions<P> & GrpcOption, parts: HostPartsSource) {
    const { supervision = {}, ...client } = options;
    const grpc = 'grpcOptions' in parts ? parts.grpcOptions : options.grpc;
    this.#options = grpc === undefined ? options : { ...options, grpc };
    this.#supervision = resolveSupervision(supervision, client as ClientOptions<P>);
    this.#contracts = contractTable(client as ClientOptions);
    // Wrong options are told at once, not with the first start.
    this.#plugin = new MemberClient(client as ClientOptions, parts).plugin;
    this.#supervisor = new Supervisor({
      options: client as ClientOptions,
      parts,
      supervision: this.#supervision,
      onClient: (member, generation) => this.#follow(member, generation),
      onNegotiated: (member) => this.#checkVersion(member),
    });
    this.state$ = this.#supervisor.state$;
    this.events$ = this.#supervisor.events$;
    this.logs$ = this.#logs.asObservable();
    this.syncStdout$ = this.#stdout.asObservable();
    this.syncStderr$ = this.#stderr.asObservable();
    this.usage$ = this.#supervisor.usage$;
    const client$ = this.#clients.pipe(map(({ client: member }) => member));
    this.broker = new SwitchingGrpcBroker(this.#supervisor, client$);
    this.muxBroker = new SwitchingMuxBroker(this.#supervisor, client$);
  }

  /** The state at the moment. */
  get state(): SupervisorState {
    return this.#supervisor.state;
  }

  /**
   * The name and the version of the plugin that serves, in a pool of one of them: the version where the option `manifest`, or that of the
   * generation, says it. Before the first start and between two it is what the options say.
   */
  get plugin(): PluginIdentity {
    return this.#supervisor.current?.client.plugin ?? this.#plugin;
  }

  /** The pid, or what the runner has in its place, of the process that serves, in a pool of one of them; undefined while none does. */
  get id(): string | undefined {
    return this.#supervisor.current?.client.id;
  }

  /**
   * The client of one plugin of the set: the same for each call, and it works for ever, whichever process serves. Starts nothing, except
   * with `versionedPlugins` and for contracts of both protocols, whose client depends on the first start: then it waits for that. Rejects
   * with PluginCallError ERR_UNKNOWN_PLUGIN, and with what `ready` rejects with.
   */
  async dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    if (this.#lasting.has(name)) return (await this.#lasting.get(name)) as ClientOfContract<P[N]>;
    const contract = this.#known(name) ?? (await this.#negotiated(name));
    return (await this.#client(name, contract)) as ClientOfContract<P[N]>;
  }

  /**
   * The same at once, where neither a start nor the loading of a definition has to tell what the client is; a Promise of it otherwise.
   */
  client<N extends PluginName<P>>(name: N): ClientOfContract<P[N]> | Promise<ClientOfContract<P[N]>> {
    const contract = this.#known(name);
    const client =
      this.#lasting.get(name) ?? (contract === undefined ? this.dispense(name) : this.#client(name, contract));
    // Whoever uses it is told; a container that cannot wait drops it.
    if (client instanceof Promise) client.catch(() => {});
    return client as ClientOfContract<P[N]> | Promise<ClientOfContract<P[N]>>;
  }

  /**
   * Uses one process: its own client, whose `dispense` and `broker` belong together, for a call with a lent service for instance. Cold;
   * waits for a process as `ready` does, and mirrors what `use` returns. A process that is replaced goes on for that long, for at most
   * `reload.drainMs`. Errors with what ended the process, when that comes first.
   *
   * @example
   * ```ts
   * plugin.withMember(async (client) => {
   *   const kv = await client.dispense('kv');
   *   return await lastValueFrom(client.broker.lend(CounterDefinition, counter, (id) => kv.sync({ counter: id })));
   * });
   * ```
   */
  withMember<T>(use: (client: PluginClient<P>) => ObservableInput<T>): Observable<T> {
    return this.#supervisor.serving$({ path: '' }).pipe(
      switchMap((generation) => {
        // It may have come to its end since it was found.
        if (generation.isEnding) return this.withMember(use);
        return counted(
          generation,
          defer(() => use(generation.client as MemberClient<P>)),
        );
      }),
    );
  }

  /** Resolves when a process serves; starts one if nothing runs. Rejects when it is given up (`failed`) or stopped. */
  async ready(): Promise<void> {
    await firstValueFrom(this.#supervisor.ready$());
  }

  /**
   * Replaces the process by a new one: starts it, and leads the calls to it once it serves. Rejects with a PluginError when it does not
   * come to serve; then the old one goes on.
   */
  async reload(): Promise<void> {
    await this.#supervisor.reload();
  }

  /** Starts a plugin again that was given up (`failed`), with a clean record. Without effect in other states. */
  reset(): void {
    this.#supervisor.send({ type: 'reset' });
  }

  /** Stops it for good, as `stop` of a client; calls that wait fail. Never rejects. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
    this.#gone.abort();
    for (const subject of [this.#clients, this.#logs, this.#stdout, this.#stderr]) subject.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #follow(client: MemberClient, generation: number): void {
    const { version } = client.plugin;
    const of = version === undefined ? { generation } : { generation, version };
    client.logs$.subscribe((entry) => this.#logs.next({ ...entry, ...of }));
    client.syncStdout$.subscribe((chunk) => this.#stdout.next({ generation, chunk }));
    client.syncStderr$.subscribe((chunk) => this.#stderr.next({ generation, chunk }));
    this.#clients.next({ client, generation });
  }

  #checkVersion({ negotiatedVersion }: MemberClient): void {
    this.#version ??= negotiatedVersion;
    if (negotiatedVersion === this.#version) return;
    throw new SupervisionError(
      'ERR_VERSION_CHANGED',
      `The plugin now speaks version ${negotiatedVersion}, and its clients were made for version ${this.#version}. ` +
        'Supervise it anew, or offer one version.',
    );
  }

  /** The contract, where it does not depend on a start. */
  #known(name: string): PluginContract | undefined {
    const { versionedPlugins } = this.#options;
    if (versionedPlugins !== undefined) return undefined;
    const contract = this.#contracts(baseVersionOf(this.#options), name);
    if (contract === undefined) throw unknownPlugin(name);
    return contract.protocols.length === 1 ? contract : undefined;
  }

  async #negotiated(name: string): Promise<PluginContract> {
    const { client } = await firstValueFrom(this.#supervisor.ready$());
    const contract = this.#contracts(client.negotiatedVersion ?? 0, name);
    if (contract === undefined) throw unknownPlugin(name);
    return contract;
  }

  #client(name: string, contract: PluginContract): unknown {
    const protocol =
      contract.protocols.length === 1 ? contract.protocols[0] : this.#supervisor.current?.client.protocol;
    const made =
      this.#lasting.get(name) ??
      clientOf(contract, protocol as ProtocolName, this.#contextOf(name, contract, protocol));
    this.#lasting.set(name, made);
    return made;
  }

  #contextOf(name: string, contract: PluginContract, protocol: ProtocolName | undefined): object {
    const { signal } = this.#gone;
    if (protocol !== 'grpc' || grpcSidesOf(contract) === undefined)
      return { rpc: new SwitchingRpc(name, this.#supervisor, this.#supervision), broker: this.muxBroker, signal };
    const { interceptors = [], defaults } = this.#options.grpc ?? {};
    const route = (): PluginRoute =>
      new PluginRoute(this.#supervisor, this.#supervision, { ...this.#options, name: this.#plugin.name });
    this.#channel ??= new SwitchingChannel(route());
    const own = { interceptors, ...(defaults === undefined ? {} : { defaults }) };
    const clientOptions = this.#options.endpoint === undefined ? own : remoteClient(own);
    return { channel: this.#channel, broker: this.broker, clientOptions, signal };
  }
}

function unknownPlugin(name: string): PluginCallError {
  return new PluginCallError('ERR_UNKNOWN_PLUGIN', `There is no plugin \`${name}\` in the plugin set.`);
}
