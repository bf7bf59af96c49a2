import { PassThrough, type Readable } from 'node:stream';
import { AsyncSubject, type Observable } from 'rxjs';
import { ClosedError } from '../errors.js';
import type { Exit, Runner, RunnerSpec } from '../runners/runner.js';
import { startAborted } from '../runners/start-aborted.js';
import { untilAborted } from '../streams/until-aborted.js';
import { type Address, type AddressTranslator, SAME_ADDRESSES } from '../wire/handshake/address.js';
import { formatHandshake, type HandshakeAnnouncement } from '../wire/handshake/handshake-line.js';
import { formatLogLine } from '../wire/logs/format-line.js';
import { createLogger, type Logger } from '../wire/logs/logger.js';
import { Teardown } from './teardown.js';

/** What a fake plugin does. */
export type FakeScript = (plugin: FakePlugin) => void | Promise<void>;

/** How a fake plugin looks to its host, and how it reacts to a kill. */
export interface FakeRunnerOptions {
  /** @default 'fake-plugin' */
  readonly name?: string;
  /** What `diagnose` answers. @default nothing */
  readonly diagnosis?: string;
  /** What a kill does; one that does not call `exit` is a process that cannot be killed. @default exits by SIGKILL */
  readonly onKill?: FakeScript;
  /** Translates addresses between host and plugin. @default leaves them as they are */
  readonly addresses?: AddressTranslator;
}

/** A plugin without a process: a Runner for the host, whose program is the script. */
export class FakePlugin implements Runner {
  readonly name: string;
  /** What the host gave to the runner: environment, socket directory, logger. */
  readonly spec: RunnerSpec;
  readonly exit$: Observable<Exit>;
  /** Writes hclog lines to stderr. */
  readonly logger: Logger;
  readonly #id: string;
  readonly #script: FakeScript;
  readonly #options: FakeRunnerOptions;
  readonly #stdout = new PassThrough();
  readonly #stderr = new PassThrough();
  readonly #exits = new AsyncSubject<Exit>();
  readonly #teardown = new Teardown();
  #started = false;
  #kills = 0;
  #exiting: Promise<void> | undefined;

  constructor(id: string, spec: RunnerSpec, script: FakeScript, options: FakeRunnerOptions) {
    this.#id = id;
    this.name = options.name ?? 'fake-plugin';
    this.spec = spec;
    this.exit$ = this.#exits.asObservable();
    this.logger = createLogger({ write: (record) => this.writeStderr(formatLogLine(record, { epochMs: Date.now() })) });
    this.#script = script;
    this.#options = options;
  }

  /** `fake-1`, `fake-2`, …; empty before the start. */
  get id(): string {
    return this.#started ? this.#id : '';
  }

  get stdout(): Readable {
    return this.#stdout;
  }

  get stderr(): Readable {
    return this.#stderr;
  }

  get started(): boolean {
    return this.#started;
  }

  get exited(): boolean {
    return this.#exiting !== undefined;
  }

  /** How often the host has killed it. */
  get kills(): number {
    return this.#kills;
  }

  /** Writes to the real stdout, where the host expects the handshake line. */
  writeStdout(text: string | Uint8Array): void {
    if (!this.exited) this.#stdout.write(text);
  }

  /** Writes to the real stderr, which the host has in `logs$`. */
  writeStderr(text: string | Uint8Array): void {
    if (!this.exited) this.#stderr.write(text);
  }

  /** Writes a handshake line to the real stdout. */
  announce(announcement: HandshakeAnnouncement): void {
    this.writeStdout(formatHandshake(announcement));
  }

  /** Registers a step that runs before the exit is emitted; the last registered runs first. */
  onExit(step: () => unknown): void {
    this.#teardown.add(step);
  }

  /** Exits, with code 0 by default. Only the first call counts. */
  exit(exit: Partial<Exit> = { code: 0 }): Promise<void> {
    this.#exiting ??= this.#end({ code: null, signal: null, ...exit });
    return this.#exiting;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#started || this.exited)
      throw new ClosedError('ERR_CLOSED', `The plugin ${this.#id} was started before. A runner starts once.`);
    this.#started = true;
    try {
      if (signal.aborted) throw startAborted(signal, this.name);
      await untilAborted(this.#play(), signal, () => startAborted(signal, this.name));
    } catch (error) {
      await this.exit({ code: null });
      throw error;
    }
  }

  async kill(): Promise<void> {
    this.#kills += 1;
    if (this.#options.onKill === undefined) await this.exit({ signal: 'SIGKILL' });
    else await this.#options.onKill(this);
  }

  diagnose(): Promise<string> {
    return Promise.resolve(this.#options.diagnosis ?? '');
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return (this.#options.addresses ?? SAME_ADDRESSES).pluginToHost(address);
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return (this.#options.addresses ?? SAME_ADDRESSES).hostToPlugin(address);
  }

  async #play(): Promise<void> {
    await this.#script(this);
  }

  async #end(exit: Exit): Promise<void> {
    await this.#teardown.run().finally(() => {
      this.#stdout.end();
      this.#stderr.end();
      this.#exits.next(exit);
      this.#exits.complete();
    });
  }
}
