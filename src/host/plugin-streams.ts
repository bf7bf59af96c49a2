import { type Observable, ReplaySubject, Subject, tap } from 'rxjs';
import { type Exit, type LifecycleEvent, lifecycle, type PluginState } from '../streams/lifecycle.js';
import { createStdioOutlet } from '../streams/stdio.js';
import type { Handshake } from '../wire/handshake/parse-handshake.js';
import { PluginLogs, type PluginLogsOptions } from './plugin-logs.js';

/** Everything that a client tells of its plugin, fed by its life and open to subscribers from construction on. */
export class PluginStreams {
  readonly logs: PluginLogs;
  readonly syncStdout = createStdioOutlet();
  readonly syncStderr = createStdioOutlet();
  readonly state$: Observable<PluginState>;
  readonly handshake$: Observable<Handshake>;
  readonly exit$: Observable<Exit>;
  readonly #events = new Subject<LifecycleEvent>();
  readonly #states = new ReplaySubject<PluginState>(1);
  readonly #handshakes = new ReplaySubject<Handshake>(1);
  readonly #exits = new ReplaySubject<Exit>(1);
  #state: PluginState = { status: 'idle' };

  constructor(options: PluginLogsOptions) {
    this.logs = new PluginLogs(options);
    this.#events
      .pipe(
        lifecycle(),
        tap((state) => (this.#state = state)),
      )
      .subscribe(this.#states);
    this.state$ = this.#states.asObservable();
    this.handshake$ = this.#handshakes.asObservable();
    this.exit$ = this.#exits.asObservable();
  }

  get state(): PluginState {
    return this.#state;
  }

  happen(event: LifecycleEvent): void {
    this.#events.next(event);
  }

  shookHands(handshake: Handshake): void {
    this.#handshakes.next(handshake);
    this.happen({ type: 'handshake' });
  }

  ended(exit: Exit): void {
    this.#exits.next(exit);
    this.#exits.complete();
  }

  /** The plugin is gone: waits for its last lines, then everything completes, the state last. */
  async close(exit: Exit | undefined): Promise<void> {
    await this.logs.close({ dead: exit !== undefined });
    this.#handshakes.complete();
    this.#exits.complete();
    this.syncStdout.close();
    this.syncStderr.close();
    this.happen({ type: 'gone', exit });
  }
}
