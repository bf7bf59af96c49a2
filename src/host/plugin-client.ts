import type { Readable } from 'node:stream';
import { firstValueFrom, type Observable, ReplaySubject, Subject, Subscription, timeout } from 'rxjs';
import { ClosedError, PluginError, StartError } from '../errors.js';
import type { ClientOfContract, PluginSet, ProtocolName } from '../protocols/contract.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { Runner } from '../runners/runner.js';
import { type Exit, type LifecycleEvent, lifecycle, type PluginState } from '../streams/lifecycle.js';
import { createStdioOutlet } from '../streams/stdio.js';
import { createSocketDir, type SocketDir } from '../transports/socket-dir.js';
import { defaultNetwork } from '../transports/sockets.js';
import type { Handshake } from '../wire/handshake.js';
import type { LogEntry } from '../wire/log-entry.js';
import { createLogger } from '../wire/logger.js';
import { exitedEarly, exitedUnasked } from './exit-error.js';
import { type ClientOptions, type ResolvedClientOptions, resolveClientOptions } from './options.js';
import type { HostParts } from './parts.js';
import { PluginLogs } from './plugin-logs.js';
import { startPlugin } from './start.js';

/** How long a process that was killed may take to be reaped. */
const REAP_TIMEOUT_MS = 5000;

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
  /** What the plugin's program writes to its stdout and stderr after the handshake. */
  readonly stdout$: Observable<Uint8Array>;
  readonly stderr$: Observable<Uint8Array>;
  /** The same as Readables: who reads one sets its pace; one that nobody touches is discarded. Owned by the client. */
  readonly stdout: Readable;
  readonly stderr: Readable;

  readonly #options: ResolvedClientOptions<P>;
  readonly #parts: HostParts;
  readonly #events = new Subject<LifecycleEvent>();
  readonly #states = new ReplaySubject<PluginState>(1);
  readonly #handshakes = new ReplaySubject<Handshake>(1);
  readonly #exits = new ReplaySubject<Exit>(1);
  readonly #logs: PluginLogs;
  readonly #outlets = { stdout: createStdioOutlet(), stderr: createStdioOutlet() };
  /** Aborted when waiting has become pointless; the reason is the error that waiting ends with. */
  readonly #abort = new AbortController();
  readonly #lifetime = new Subscription();

  #holds = false;
  #state: PluginState = { status: 'idle' };
  #runner: Runner | undefined;
  #protocol: ClientProtocol | undefined;
  #socketDir: SocketDir | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #burial: Promise<void> | undefined;

  /** Throws OptionsError when the options contradict each other. */
  constructor(options: ClientOptions<P>, parts: HostParts) {
    this.#options = resolveClientOptions(options);
    this.#parts = parts;
    this.#logs = new PluginLogs({
      ...this.#options,
      write: (entry) => parts.logSink.write(entry, { name: this.#runner?.name ?? '', id: this.id }),
    });
    this.#events.pipe(lifecycle()).subscribe(this.#states);
    this.#lifetime.add(this.#states.subscribe((state) => (this.#state = state)));
    this.state$ = this.#states.asObservable();
    this.handshake$ = this.#handshakes.asObservable();
    this.exit$ = this.#exits.asObservable();
    this.logs$ = this.#logs.entry$;
    this.stdout$ = this.#outlets.stdout.chunk$;
    this.stderr$ = this.#outlets.stderr.chunk$;
    this.stdout = this.#outlets.stdout.readable;
    this.stderr = this.#outlets.stderr.readable;
  }

  /** The runner's id, a pid in decimal for a process; empty before the plugin was launched. */
  get id(): string {
    return this.#runner?.id ?? '';
  }

  /** True when the plugin is gone and everything of it is cleaned up. */
  get exited(): boolean {
    return this.#state.status === 'exited';
  }

  /** The plugin's last lines on stderr, oldest first. */
  get lastStderr(): readonly string[] {
    return this.#logs.tail;
  }

  /** What is spoken; undefined unless running. */
  get protocol(): ProtocolName | undefined {
    return this.#state.status === 'running' ? this.#state.protocol : undefined;
  }

  /** The application protocol version that both ends settled on; undefined unless running. */
  get negotiatedVersion(): number | undefined {
    return this.#state.status === 'running' ? this.#state.version : undefined;
  }

  /**
   * Starts the plugin and resolves when it is connected. Further calls give the same promise. Rejects with the reason as a typed
   * error, which carries exit code, signal and the last lines of stderr; nothing is left running then.
   */
  start(): Promise<void> {
    if (this.#starting === undefined && this.#stopping !== undefined)
      return Promise.reject(
        new ClosedError('ERR_CLOSED', 'This client was stopped before it was started. Create a new one.'),
      );
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** A typed client of one plugin of the set. Rejects with PluginCallError ERR_UNKNOWN_PLUGIN, or ClosedError when not running. */
  async dispense<N extends PluginName<P>>(name: N): Promise<ClientOfContract<P[N]>> {
    return (await this.#running().dispense(name)) as ClientOfContract<P[N]>;
  }

  /** Resolves when the plugin answers that it is well. Rejects with PluginCallError ERR_PING within `pingTimeoutMs`. */
  async ping(): Promise<void> {
    await this.#running().ping({ timeoutMs: this.#options.pingTimeoutMs });
  }

  /**
   * Asks the plugin to end, waits up to `stopGraceMs`, then kills it and all its children; resolves when nothing of it is left.
   * Idempotent, concurrent-safe, and never rejects: in the end the plugin is gone.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Lets the running plugin keep the host's event loop alive until `unref`. Without it only a start, a stop and calls in flight do. */
  ref(): void {
    this.#holds = true;
    this.#runner?.ref?.();
  }

  /** Takes `ref` back: a plugin with nothing to do does not keep its host from ending. */
  unref(): void {
    this.#holds = false;
    if (this.#state.status === 'running') this.#runner?.unref?.();
  }

  async #start(): Promise<void> {
    const { startTimeoutMs } = this.#options;
    this.#events.next({ type: 'start' });
    const timer = setTimeout(() => this.#abort.abort(startTimeout(startTimeoutMs)), startTimeoutMs);
    try {
      this.#socketDir = await socketDirOf();
      const { handshake, protocol } = await startPlugin(this.#context());
      this.#protocol = protocol;
      this.#abort.signal.throwIfAborted();
      const { appVersion: version, address } = handshake;
      if (!this.#holds) this.#runner?.unref?.();
      this.#events.next({ type: 'connected', id: this.id, protocol: protocol.name, version, address });
    } catch (error) {
      this.#events.next({ type: 'death', cause: { kind: 'failed', error } });
      await this.#bury();
      throw this.#explain(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #context() {
    return {
      options: this.#options,
      parts: this.#parts,
      logger: createLogger({ write: (record) => this.#logs.add(record), module: 'rxplug' }),
      syncStdout: this.#outlets.stdout.writable,
      syncStderr: this.#outlets.stderr.writable,
      signal: this.#abort.signal,
      socketDir: this.#socketDir?.path,
      onRunner: (runner: Runner) => this.#adopt(runner),
      onLaunched: () => this.#events.next({ type: 'launched' }),
      onHandshake: (handshake: Handshake) => {
        this.#handshakes.next(handshake);
        this.#events.next({ type: 'handshake' });
      },
    };
  }

  #adopt(runner: Runner): void {
    this.#runner = runner;
    this.#logs.read(runner.stderr);
    this.#lifetime.add(
      runner.exit$.subscribe((exit) => {
        this.#exits.next(exit);
        // Until the handshake is through, the start itself judges what an exit means: a last line may still be on its way.
        if (this.#state.status === 'starting' && this.#state.phase !== 'connecting') return;
        this.#events.next({ type: 'death', cause: { kind: 'crashed' } });
        this.#abort.abort(this.#protocol === undefined ? exitedEarly(exit) : exitedUnasked(exit, this.#logs.tail));
        if (this.#starting === undefined || this.#protocol !== undefined) void this.#bury();
      }),
    );
  }

  async #stop(): Promise<void> {
    const { stopGraceMs } = this.#options;
    const running = this.#state.status === 'running';
    this.#runner?.ref?.();
    this.#events.next({ type: 'death', cause: { kind: 'stopped' } });
    if (running && (await this.#protocol?.shutdown({ timeoutMs: stopGraceMs }))) await this.#exitWithin(stopGraceMs);
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
    this.#abort.abort(new ClosedError('ERR_CLOSED', 'The plugin is gone.'));
    const crashed = this.#state.status === 'stopping' && this.#state.cause.kind === 'crashed';
    await settle(this.#protocol?.close(crashed ? (this.#abort.signal.reason as Error) : undefined));
    await settle(this.#runner?.kill());
    const exit = await this.#exitWithin(REAP_TIMEOUT_MS);
    await this.#logs.close({ reading: exit !== undefined });
    this.#socketDir?.remove();
    this.#handshakes.complete();
    this.#exits.complete();
    this.#outlets.stdout.close();
    this.#outlets.stderr.close();
    this.#events.next({ type: 'gone', exit });
    this.#lifetime.unsubscribe();
  }

  #exitWithin(waitMs: number): Promise<Exit | undefined> {
    if (this.#runner === undefined || this.#runner.id === '') return Promise.resolve(undefined);
    return firstValueFrom(this.#exits.pipe(timeout({ first: waitMs })), { defaultValue: undefined }).catch(
      () => undefined,
    );
  }

  #running(): ClientProtocol {
    if (this.#state.status === 'running' && this.#protocol !== undefined) return this.#protocol;
    const [code, advice] =
      this.#state.status === 'idle' || this.#state.status === 'starting'
        ? (['ERR_NOT_STARTED', 'Await start() first.'] as const)
        : (['ERR_CLOSED', 'Create a new client to start the plugin again.'] as const);
    throw new ClosedError(code, `The plugin is ${this.#state.status}, expected it to be running. ${advice}`);
  }

  #explain(error: unknown): unknown {
    if (!PluginError.is(error)) return error;
    const exit = this.#state.status === 'exited' ? this.#state.exit : undefined;
    const ending = exit === undefined ? {} : { exitCode: exit.code, signal: exit.signal };
    return error.with({ ...ending, stderr: this.#logs.tail });
  }
}

/** Sockets of one plugin go into a directory of its own, so that none is left when it is killed (docs/decisions/003). */
function socketDirOf(): Promise<SocketDir | undefined> {
  return defaultNetwork() === 'unix' ? createSocketDir() : Promise.resolve(undefined);
}

function startTimeout(startTimeoutMs: number): StartError {
  return new StartError(
    'ERR_START_TIMEOUT',
    `The plugin was not ready within ${startTimeoutMs} ms. Check that the command is a plugin, or raise \`startTimeoutMs\`.`,
  );
}

/** Cleaning up goes on whatever fails on the way. */
async function settle(step: Promise<unknown> | undefined): Promise<void> {
  await step?.catch(() => {});
}
