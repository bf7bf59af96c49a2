import { type Observable, Subject, Subscription } from 'rxjs';
import { ClosedError, type PluginError, StartError } from '../errors.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { Exit, PluginState, RunningPlugin, StartPhase, StopReason } from '../streams/lifecycle.js';
import { setLoopTimeout } from '../streams/loop-timeout.js';
import { onAbort } from '../streams/on-abort.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import { type Conditions, conditionsOf } from './attached/conditions.js';
import { KeepAlive } from './keep-alive.js';
import { afterLoss, checkReattachable, mayEnd, watchedOf } from './launch-options.js';
import {
  type Exited,
  type Idle,
  type Life,
  notRunning,
  type Running,
  type Starting,
  type Stopping,
  stateOf,
} from './life.js';
import { LifeLog } from './life-log.js';
import type { ResolvedClientOptions } from './options.js';
import type { HostPartsSource } from './parts.js';
import { PluginStreams } from './plugin-streams.js';
import { connectPlugin } from './start/connect-plugin.js';
import { explainFailedStart } from './start/explain-start.js';
import type { ConnectedPlugin, PluginResources } from './start/start-context.js';
import { abortedStart, asStartError, connectionLost, exitedUnexpectedly, startTimeout } from './start/start-errors.js';
import { gracefulStop } from './stop/graceful-stop.js';
import { releaseAll } from './stop/release.js';
import { type UnaskedEnd, unaskedEnd } from './unasked-end.js';

/**
 * The life of one plugin, from its start until everything of it is released. The one field `#life` decides everything, and `state$` is
 * derived from it.
 *
 *                start()             connected
 *         idle ───────────▶ starting ───────────▶ running
 *           │                   │                    │
 *           │ stop()            │ stop(), failed     │ stop(), exit, connection lost
 *           ▼                   ▼                    ▼
 *         stopping ◀────────────┴────────────────────┘
 *           │
 *           │ everything is released
 *           ▼
 *         exited
 */
export class PluginLife {
  readonly streams: PluginStreams;
  /** Emits the connection just before the state `running`; completes with the state `exited`. */
  readonly protocol$: Observable<ClientProtocol>;
  readonly #protocols = new Subject<ClientProtocol>();
  readonly #options: ResolvedClientOptions;
  readonly #parts: HostPartsSource;
  readonly #lifetime = new Subscription();
  readonly #log: LifeLog;
  #life: Life = { status: 'idle' };
  readonly #keepAlive = new KeepAlive();

  constructor(options: ResolvedClientOptions, parts: HostPartsSource) {
    this.#options = options;
    this.#parts = parts;
    this.streams = new PluginStreams(options);
    this.#log = new LifeLog(this.streams.logger);
    this.streams.onState(this.state);
    this.protocol$ = this.#protocols.asObservable();
  }

  get state(): PluginState {
    return stateOf(this.#life, this.streams.identity);
  }

  /** The runner's id; empty before the plugin was launched. */
  get id(): string {
    const life = this.#life;
    return life.status === 'exited' ? life.id : (this.#resources.runner?.id ?? '');
  }

  /** What the plugin is or was while it was running; undefined before. */
  get plugin(): RunningPlugin | undefined {
    return 'plugin' in this.#life ? this.#life.plugin : undefined;
  }

  /** The connection. Throws ClosedError unless the plugin is running. */
  get protocol(): ClientProtocol {
    const life = this.#life;
    if (life.status === 'running') return life.resources.protocol;
    throw notRunning(life, this.streams.identity);
  }

  /** `signal` ends a start that is under way. */
  start(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#start();
    if (signal.aborted) return Promise.reject(abortedStart(signal.reason));
    const unwatch = onAbort(signal, () => this.#abortStart(() => abortedStart(signal.reason)));
    return this.#start().finally(unwatch);
  }

  #start(): Promise<void> {
    const life = this.#life;
    if (life.status === 'idle') return this.#begin();
    return 'started' in life ? life.started : this.#refuseStart(life);
  }

  stop(): Promise<void> {
    this.#abortStart(() => new StartError('ERR_START_ABORTED', 'The plugin was stopped while it was starting.'));
    return this.#end({ kind: 'stopped' });
  }

  #abortStart(because: () => StartError): void {
    if (this.#life.status === 'starting') this.#life.abort.abort(because());
  }

  /** Keeps this process alive while the plugin runs. */
  whenExited(): Promise<Exit> {
    return this.#keepAlive.exitOf(this.streams.exit$, this.#resources.runner);
  }

  /** Kills and removes what can be without waiting, for a host that is about to end. */
  killNow(): void {
    const { runner, sockets } = this.#resources;
    if (mayEnd(this.#options.launch, { asked: true })) runner?.killNow?.();
    sockets?.remove();
  }

  ref(): void {
    this.#keepAlive.want(true);
    this.#resources.runner?.ref?.();
  }

  unref(): void {
    this.#keepAlive.want(false);
    if (this.#life.status === 'running') this.#keepAlive.apply(this.#life.resources.runner);
  }

  /** Where another host finds the plugin. */
  async reattachConfig(): Promise<ReattachConfig> {
    const { launch } = this.#options;
    const life = this.#life;
    if (life.status !== 'running') throw notRunning(life, this.streams.identity);
    if (launch.kind === 'reattach') return launch.config;
    checkReattachable(this.#options);
    const { id, protocol, protocolVersion, address } = life.plugin;
    const identity = await life.resources.runner.processIdentity?.();
    const borrowed = launch.kind === 'sidecar' ? { ends: false } : {};
    return { protocol, protocolVersion, ...address, id, ...identity, test: false, ...borrowed };
  }

  get #resources(): Partial<PluginResources> {
    return 'resources' in this.#life ? this.#life.resources : {};
  }

  #enter(life: Life): void {
    this.#life = life;
    this.streams.onState(this.state);
  }

  /** idle → starting */
  #begin(): Promise<void> {
    const abort = new AbortController();
    const resources = {};
    const connecting = Promise.resolve().then(() => this.#connect(abort, resources));
    const started = this.#run(abort, connecting);
    this.#enter({ status: 'starting', phase: 'launching', abort, resources, connecting, started });
    return started;
  }

  async #refuseStart(life: Stopping | Exited): Promise<never> {
    if (life.reason.kind !== 'failed') throw notRunning(life, this.streams.identity);
    await this.stop();
    throw life.reason.error;
  }

  async #connect(abort: AbortController, acquired: Partial<PluginResources>): Promise<ConnectedPlugin> {
    const { launch, startTimeoutMs, managed } = this.#options;
    const cancelTimeout = setLoopTimeout(() => abort.abort(startTimeout(startTimeoutMs)), startTimeoutMs);
    const { streams } = this;
    const onPhase = (phase: StartPhase): void => this.#onPhase(phase);
    try {
      const parts = typeof this.#parts === 'function' ? await this.#parts() : this.#parts;
      abort.signal.throwIfAborted();
      streams.sendLogsTo(this.#options.logSink ?? parts.logSink);
      this.#log.starting(launch);
      if (managed) this.#lifetime.add(parts.clients.add(this));
      const context = { options: this.#options, parts, streams, abort, acquired, onPhase };
      return await connectPlugin(launch, context);
    } finally {
      cancelTimeout();
    }
  }

  /** starting → starting, in another phase */
  #onPhase(phase: StartPhase): void {
    if (this.#life.status === 'starting') this.#enter({ ...this.#life, phase });
  }

  /** starting → running, or by way of `#end` → exited */
  async #run(abort: AbortController, connecting: Promise<ConnectedPlugin>): Promise<void> {
    try {
      const connected = await connecting;
      abort.signal.throwIfAborted();
      this.#onConnected(connected);
    } catch (thrown) {
      const error = asStartError(thrown);
      await this.#end({ kind: 'failed', error });
      throw this.#withDetails(error);
    }
  }

  #onConnected({ resources, protocolVersion, address }: ConnectedPlugin): void {
    const life = this.#life;
    if (life.status !== 'starting') return;
    const { abort, started } = life;
    const { runner, protocol } = resources;
    const plugin = { id: runner.id, protocol: protocol.name, protocolVersion, address };
    this.#keepAlive.apply(runner);
    this.#protocols.next(protocol);
    this.#enter({ status: 'running', plugin, abort, resources, started });
    this.#log.ready(plugin, this.#options.manifest);
    this.#lifetime.add(protocol.connected$?.subscribe((isConnected) => this.#onConnection(isConnected)));
    this.#lifetime.add(
      conditionsOf(protocol, watchedOf(this.#options.launch)).subscribe((changed) => this.#onConditions(changed)),
    );
    this.#lifetime.add(unaskedEnd(runner, protocol).subscribe((end) => this.#onUnaskedEnd(end)));
  }

  /** A lost connection is often the first sign of an exit: keeps this process alive until the exit is noticed. */
  #onConnection(isConnected: boolean): void {
    if (this.#life.status !== 'running') return;
    const { runner } = this.#life.resources;
    if (isConnected) this.#keepAlive.apply(runner);
    else runner.ref?.();
  }

  /** running → running, in another condition */
  #onConditions(conditions: Conditions): void {
    const life = this.#life;
    if (life.status !== 'running') return;
    const { id, protocol, protocolVersion, address } = life.plugin;
    this.#enter({ ...life, plugin: { id, protocol, protocolVersion, address, ...conditions } });
  }

  #onUnaskedEnd(end: UnaskedEnd): void {
    if (this.#life.status !== 'running') return;
    const { identity, logs, logger } = this.streams;
    if (end.kind === 'exited')
      return void this.#end({ kind: 'crashed' }, () => exitedUnexpectedly(identity, end.exit, logs.lastStderr));
    const then = end.exit ?? afterLoss(this.#options.launch);
    const error = connectionLost(end.loss, then, this.streams.details);
    logger.error(error.message);
    void this.#end({ kind: 'disconnected', error }, () => error);
  }

  /** idle, starting, running → stopping → exited. The first reason counts. `because` makes what calls fail with. Never rejects. */
  #end(reason: StopReason, because?: () => PluginError): Promise<void> {
    const life = this.#life;
    if (life.status === 'exited') return Promise.resolve();
    if (life.status === 'stopping') return life.gone;
    this.#log.stopping(reason);
    const gone = Promise.resolve().then(() => this.#dispose(life, reason, because));
    this.#enter({ status: 'stopping', reason, plugin: this.plugin, because, resources: this.#resources, gone });
    return gone;
  }

  async #dispose(
    life: Idle | Starting | Running,
    reason: StopReason,
    why: (() => PluginError) | undefined,
  ): Promise<void> {
    const { launch, stopGraceMs } = this.#options;
    const kill = mayEnd(launch, { asked: reason.kind === 'stopped' });
    if (life.status === 'starting') await life.connecting.catch(() => {});
    if (life.status === 'running') {
      life.resources.runner.ref?.();
      const asked = reason.kind === 'stopped' && kill;
      const exited = !asked || (await gracefulStop(life.resources, stopGraceMs));
      if (!exited && launch.kind !== 'endpoint') this.#log.killing();
    }
    if (reason.kind === 'crashed') await this.streams.logs.drained();
    const because = why?.() ?? new ClosedError('ERR_CLOSED', `The plugin ${this.streams.name} was stopped.`);
    if (life.status !== 'idle') life.abort.abort(because);
    const { id, plugin } = this;
    const exit = life.status === 'idle' ? undefined : await releaseAll(life.resources, { kill, because });
    await this.streams.close(() => this.#log.ended(reason, exit), { exited: exit !== undefined });
    this.#lifetime.unsubscribe();
    this.#protocols.complete();
    this.#enter({ status: 'exited', reason, plugin, because: why, exit, id });
  }

  /** A PluginError with what is known of the process by now. */
  #withDetails(error: PluginError): PluginError {
    const exit = this.#life.status === 'exited' ? this.#life.exit : undefined;
    const ending = exit === undefined ? {} : { exitCode: exit.code, signal: exit.signal };
    const known = error.with({ ...this.streams.details, ...ending });
    return explainFailedStart(known, {
      plugin: this.streams.name,
      byRunner: this.#options.launch.kind === 'runner',
    });
  }
}
