import { firstValueFrom, Subscription, timeout } from 'rxjs';
import { ClosedError, PluginError, StartError } from '../errors.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { AttachedRunner, Runner } from '../runners/runner.js';
import type { Exit } from '../streams/lifecycle.js';
import { settledWithin } from '../streams/settled-within.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import { createLogger } from '../wire/logs/logger.js';
import { exitedEarly, exitedUnasked, startTimeout } from './exit-error.js';
import { askToEnd, readLastAnswers } from './farewell.js';
import type { Launch, LaunchContext } from './launch.js';
import { checkReattachable, mayEnd } from './launch-options.js';
import type { ResolvedClientOptions } from './options.js';
import type { HostParts } from './parts.js';
import { createPluginSockets, type PluginSockets } from './plugin-sockets.js';
import { PluginStreams } from './plugin-streams.js';

/** How long a process that was killed may take to be reaped. */
const REAP_TIMEOUT_MS = 5000;

/** How long a step of the cleaning up may take before the next one is taken; longer than any step of our own parts. */
const STEP_TIMEOUT_MS = 15_000;

/** One life of a plugin, from the launch to the last trace; owns runner, conversation and sockets. */
export class PluginLife {
  readonly streams: PluginStreams;
  readonly #options: ResolvedClientOptions;
  readonly #parts: HostParts;
  readonly #launch: Launch;
  /** Aborted when waiting has become pointless; the reason is the error that waiting ends with. */
  readonly #abort = new AbortController();
  readonly #lifetime = new Subscription();
  #holds = false;
  #runner: AttachedRunner | undefined;
  #name = '';
  #protocol: ClientProtocol | undefined;
  #exit: Exit | undefined;
  #sockets: PluginSockets | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #burial: Promise<void> | undefined;

  constructor(options: ResolvedClientOptions, parts: HostParts, launch: Launch) {
    this.#options = options;
    this.#parts = parts;
    this.#launch = launch;
    this.streams = new PluginStreams({
      ...options,
      write: (entry) => parts.logSink.write(entry, { name: this.#name, id: this.id }),
    });
  }

  get id(): string {
    return this.#runner?.id ?? '';
  }

  /** The conversation. Throws ClosedError unless the plugin is running. */
  get protocol(): ClientProtocol {
    if (this.streams.state.status === 'running' && this.#protocol !== undefined) return this.#protocol;
    throw this.#notRunning();
  }

  start(): Promise<void> {
    if (this.#starting === undefined && this.#stopping !== undefined)
      return Promise.reject(
        new ClosedError('ERR_CLOSED', 'This client was stopped before it was started. Create a new one.'),
      );
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Kills and removes what can be without waiting, for a host that is about to end. */
  killNow(): void {
    if (mayEnd(this.#options.launch, { asked: true })) this.#runner?.killNow?.();
    this.#sockets?.remove();
  }

  ref(): void {
    this.#holds = true;
    this.#runner?.ref?.();
  }

  unref(): void {
    this.#holds = false;
    if (this.streams.state.status === 'running') this.#runner?.unref?.();
  }

  /** Where another host finds the plugin. */
  async reattachConfig(): Promise<ReattachConfig> {
    const { launch } = this.#options;
    const { state } = this.streams;
    if (state.status !== 'running') throw this.#notRunning();
    if (launch.kind === 'reattach') return launch.config;
    checkReattachable(this.#options);
    const { id, protocol, protocolVersion, address } = state;
    const identity = await this.#runner?.processIdentity?.();
    return { protocol, protocolVersion, ...address, id, ...identity, test: false };
  }

  async #start(): Promise<void> {
    const { startTimeoutMs } = this.#options;
    this.streams.happen({ type: 'start' });
    const timer = setTimeout(() => this.#abort.abort(startTimeout(startTimeoutMs)), startTimeoutMs);
    try {
      if (this.#options.managed) this.#lifetime.add(this.#parts.clients.add(this));
      this.#sockets = await createPluginSockets(this.#options);
      const { protocol, protocolVersion, address } = await this.#launch(this.#context());
      this.#protocol = protocol;
      this.#abort.signal.throwIfAborted();
      if (!this.#holds) this.#runner?.unref?.();
      this.#holdWhileBroken(protocol);
      this.streams.happen({ type: 'connected', id: this.id, protocol: protocol.name, protocolVersion, address });
    } catch (error) {
      this.streams.happen({ type: 'death', cause: { kind: 'failed', error } });
      await this.#bury();
      throw this.#explain(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A broken connection is mostly the first sign of a death, which must not be missed because nothing else is going on. */
  #holdWhileBroken({ connected$ }: ClientProtocol): void {
    this.#lifetime.add(
      connected$?.subscribe((connected) => {
        if (!connected) this.#runner?.ref?.();
        else if (!this.#holds) this.#runner?.unref?.();
      }),
    );
  }

  #context(): LaunchContext {
    const { streams } = this;
    return {
      options: this.#options,
      parts: this.#parts,
      logger: createLogger({ write: (record) => streams.logs.add(record), module: 'rxplug' }),
      syncStdout: streams.syncStdout.writable,
      syncStderr: streams.syncStderr.writable,
      signal: this.#abort.signal,
      sockets: this.#sockets?.where ?? {},
      onRunner: (runner) => this.#adopt(runner),
      onLaunched: () => streams.happen({ type: 'launched' }),
      onHandshake: (handshake) => streams.shookHands(handshake),
    };
  }

  #adopt(runner: AttachedRunner | Runner): void {
    this.#runner = runner;
    if ('stderr' in runner) {
      this.#name = runner.name;
      this.streams.logs.read(runner.stderr);
    }
    this.#lifetime.add(runner.exit$.subscribe((exit) => this.#onExit(exit)));
  }

  #onExit(exit: Exit): void {
    const { streams } = this;
    this.#exit = exit;
    streams.ended(exit);
    // Until the handshake is through, the start itself judges what an exit means: a last line may still be on its way.
    const { state } = streams;
    const starts = this.#options.launch.kind !== 'reattach';
    if (starts && state.status === 'starting' && state.phase !== 'connecting') return;
    streams.happen({ type: 'death', cause: { kind: 'crashed' } });
    this.#abort.abort(this.#protocol === undefined ? exitedEarly(exit) : exitedUnasked(exit, streams.logs.tail));
    if (this.#starting === undefined || this.#protocol !== undefined) void this.#bury();
  }

  async #stop(): Promise<void> {
    const { launch, stopGraceMs } = this.#options;
    const running = this.streams.state.status === 'running';
    this.#runner?.ref?.();
    this.streams.happen({ type: 'death', cause: { kind: 'stopped' } });
    const mayAsk = running && mayEnd(launch, { asked: true });
    if (mayAsk && (await askToEnd(this.#protocol, stopGraceMs))) await this.#exitWithin(stopGraceMs);
    this.#abort.abort(new StartError('ERR_START_ABORTED', 'The plugin was stopped while it was starting.'));
    // A start in flight gives up now and cleans up what it has begun.
    await this.#starting?.catch(() => {});
    await this.#bury();
  }

  /** Removes everything: the conversation, the process and its children, the sockets. Then says that the plugin is gone. */
  #bury(): Promise<void> {
    this.#burial ??= this.#cleanUp();
    return this.#burial;
  }

  async #cleanUp(): Promise<void> {
    const { state } = this.streams;
    this.#abort.abort(new ClosedError('ERR_CLOSED', 'The plugin is gone.'));
    const cause = state.status === 'stopping' ? state.cause.kind : undefined;
    const crashed = cause === 'crashed';
    if (this.#exit !== undefined && !crashed) await readLastAnswers(this.#protocol);
    await settle(async () => this.#protocol?.close(crashed ? (this.#abort.signal.reason as Error) : undefined));
    const ends = mayEnd(this.#options.launch, { asked: cause === 'stopped' });
    if (ends) await settle(async () => this.#runner?.kill());
    else this.#runner?.release?.();
    const exit = ends ? await this.#exitWithin(REAP_TIMEOUT_MS) : this.#exit;
    this.#sockets?.remove();
    await this.streams.close(exit);
    this.#lifetime.unsubscribe();
  }

  #exitWithin(waitMs: number): Promise<Exit | undefined> {
    if (this.id === '') return Promise.resolve(undefined);
    const exit$ = this.streams.exit$.pipe(timeout({ first: waitMs }));
    return firstValueFrom(exit$, { defaultValue: undefined }).catch(() => undefined);
  }

  #notRunning(): ClosedError {
    const { status } = this.streams.state;
    const [code, advice] =
      status === 'idle' || status === 'starting'
        ? (['ERR_NOT_STARTED', 'Await start() first.'] as const)
        : (['ERR_CLOSED', 'Create a new client to start the plugin again.'] as const);
    return new ClosedError(code, `The plugin is ${status}, expected it to be running. ${advice}`);
  }

  #explain(error: unknown): unknown {
    if (!PluginError.is(error)) return error;
    const { state, logs } = this.streams;
    const exit = state.status === 'exited' ? state.exit : undefined;
    const ending = exit === undefined ? {} : { exitCode: exit.code, signal: exit.signal };
    return error.with({ ...ending, stderr: logs.tail });
  }
}

/** Cleaning up goes on whatever fails or hangs on the way: parts may be the user's own. */
async function settle(step: () => Promise<unknown>): Promise<void> {
  await settledWithin(STEP_TIMEOUT_MS, step());
}
