import { type Observable, ReplaySubject, Subscription } from 'rxjs';
import type { ErrorDetails } from '../errors.js';
import type { AttachedRunner, Runner } from '../runners/runner.js';
import type { Exit, PluginIdentity, PluginState } from '../streams/lifecycle.js';
import { createStdioOutlet } from '../streams/stdio.js';
import type { Handshake } from '../wire/handshake/parse-handshake.js';
import { createLogger, type Logger } from '../wire/logs/logger.js';
import type { PluginManifest } from '../wire/manifest/manifest.js';
import type { LogSink } from './output/log-sink.js';
import { PluginLogs, type PluginLogsOptions } from './output/plugin-logs.js';
import { type PluginOutputMode, sendOutput } from './output/plugin-output.js';
import { nameOfRunner, UNNAMED } from './plugin-name.js';

/** How the streams of a client are made. */
export interface PluginStreamsOptions extends Omit<PluginLogsOptions, 'write'> {
  /** The plugin's name; undefined when its runner tells it. */
  readonly name: string | undefined;
  readonly manifest: PluginManifest | undefined;
  readonly output: PluginOutputMode;
}

/** Everything that a client publishes about its plugin: open to subscribers from construction on, fed by the plugin's life. */
export class PluginStreams {
  readonly logs: PluginLogs;
  /** For the host's own remarks, which are in `logs$` too. */
  readonly logger: Logger;
  readonly syncStdout = createStdioOutlet();
  readonly syncStderr = createStdioOutlet();
  readonly state$: Observable<PluginState>;
  readonly handshake$: Observable<Handshake>;
  readonly exit$: Observable<Exit>;
  readonly #unpublished: PluginState[] = [];
  readonly #states = new ReplaySubject<PluginState>(1);
  readonly #handshakes = new ReplaySubject<Handshake>(1);
  readonly #exits = new ReplaySubject<Exit>(1);
  /** The plugin's version, as its manifest says it. */
  readonly version: string | undefined;
  readonly #name: string | undefined;
  /** Each logs the line that an output has begun. */
  readonly #endLines: readonly (() => void)[];
  #logSink: LogSink | undefined;
  #watching = new Subscription();
  #runner: AttachedRunner | Runner | undefined;

  constructor(options: PluginStreamsOptions) {
    this.#name = options.name;
    this.version = options.manifest?.version;
    this.logs = new PluginLogs({ ...options, write: (entry) => this.#logSink?.write(entry, this.#plugin()) });
    this.logger = createLogger({ write: (record) => this.logs.add(record), module: 'rxplug' });
    const outputs = [
      { name: 'stdout', chunks$: this.syncStdout.chunks$ },
      { name: 'stderr', chunks$: this.syncStderr.chunks$ },
    ] as const;
    this.#endLines = outputs.map((output) => sendOutput(options.output, output, (record) => this.logs.add(record)));
    this.state$ = this.#states.asObservable();
    this.handshake$ = this.#handshakes.asObservable();
    this.exit$ = this.#exits.asObservable();
  }

  /** The plugin's name: the host's, or its runner's, of which the base name if it is the path of a program. */
  get name(): string {
    if (this.#name !== undefined) return this.#name;
    const runner = this.#runner;
    return runner !== undefined && 'name' in runner ? nameOfRunner(runner.name) : UNNAMED;
  }

  get identity(): PluginIdentity {
    const { name, version } = this;
    return version === undefined ? { name } : { name, version };
  }

  /** What an error says of the plugin. */
  get details(): ErrorDetails {
    const { name: plugin, version } = this;
    return { plugin, ...(version === undefined ? {} : { version }), stderr: this.logs.lastStderr };
  }

  /** Sends every log entry to the sink, besides `logs$`. To be called before the runner is started. */
  sendLogsTo(sink: LogSink): void {
    this.#logSink = sink;
  }

  /** Takes the logs and the exit from a runner. To be called before the runner is started. */
  follow(runner: AttachedRunner | Runner): void {
    this.#runner = runner;
    if ('stderr' in runner) this.logs.read(runner.stderr);
    this.#watching = runner.exit$.subscribe((exit) => {
      // A runner without an id has started no process.
      if (runner.id !== '') this.#exits.next(exit);
      this.#exits.complete();
    });
  }

  onHandshake(handshake: Handshake): void {
    this.#handshakes.next(handshake);
  }

  /** The state `exited` is the last one: it completes `state$`. */
  onState(state: PluginState): void {
    // Queued: a subscriber that stops the plugin from within a state's notification does not reorder the states for the next subscriber.
    if (this.#unpublished.push(state) > 1) return;
    for (let next: PluginState | undefined = state; next !== undefined; next = this.#unpublished[0]) {
      this.#states.next(next);
      if (next.status === 'exited') this.#states.complete();
      this.#unpublished.shift();
    }
  }

  /**
   * Completes everything but the states, once the last lines of a process that has exited are in. `lastRemark` may add the host's own
   * last entry after them.
   */
  async close(lastRemark: () => void, { exited }: { readonly exited: boolean }): Promise<void> {
    if (exited) await this.logs.drained();
    for (const endLine of this.#endLines) endLine();
    lastRemark();
    this.logs.close();
    this.#watching.unsubscribe();
    this.#handshakes.complete();
    this.#exits.complete();
    this.syncStdout.close();
    this.syncStderr.close();
  }

  #plugin(): PluginIdentity & { readonly id: string } {
    return { ...this.identity, id: this.#runner?.id ?? '' };
  }
}
