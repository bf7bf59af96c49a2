import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  type ClientOptions,
  createClient,
  type Exit,
  type LogEntry,
  type PluginClient,
  type PluginSet,
  processRunner,
  type Runner,
  type RunnerSpec,
} from 'rxplug';
import type { Handshake } from 'rxplug/wire';

/** How a plugin has ended after it was asked to. */
export interface Ending {
  readonly askedAt: string;
  readonly afterMs: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether the plugin has removed its socket itself; undefined for TCP. */
  readonly socketRemoved: boolean | undefined;
}

/** Hosts refuse a longer first line. */
const MAX_LINE_CHARS = 65_536;

/** What one start of a plugin shows to somebody who looks at its pipes and its exit. A further start begins it anew. */
export class StartRecord {
  /** The plugin's first line on stdout, as it was printed, and when it came. */
  line: string | undefined;
  lineMs: number | undefined;
  handshake: Handshake | undefined;
  readonly log = { lines: 0, hclog: 0 };
  /** The directory in which the plugin was asked to make its socket. */
  socketDir: string | undefined;
  ending: Ending | undefined;
  #startedMs = 0;
  #asked = { at: new Date(0), ms: 0 };
  #socketRemoved: boolean | undefined;
  #goneMs = 0;

  /** The same options, with a runner whose output is looked at. */
  watching<P extends PluginSet>(options: ClientOptions<P>): ClientOptions<P> {
    const { command, cwd, ...others } = options;
    if (command === undefined) return options;
    const where = cwd === undefined ? {} : { cwd: String(cwd) };
    const runner = (spec: RunnerSpec): Runner =>
      this.#watched(processRunner({ command: command as [string], env: spec.env, ...where }), spec);
    // A runner would be called by the path of its program.
    return { ...others, name: createClient(options).name, runner } as unknown as ClientOptions<P>;
  }

  follow(client: Pick<PluginClient, 'handshake$' | 'logs$' | 'state$'>): void {
    this.line = undefined;
    Object.assign(this.log, { lines: 0, hclog: 0 });
    client.handshake$.subscribe((handshake) => (this.handshake = handshake));
    client.logs$.subscribe((entry) => this.#count(entry));
    client.state$.subscribe((state) => {
      if (state.status === 'stopping') this.#asked = { at: new Date(), ms: performance.now() };
      if (state.status === 'exited' && state.exit !== undefined) this.#onExit(state.exit);
    });
  }

  /** Whether the socket is where it was asked for; undefined for TCP. */
  get isInSocketDir(): boolean | undefined {
    const { address } = this.handshake ?? {};
    if (address?.network !== 'unix' || this.socketDir === undefined) return undefined;
    return address.address.startsWith(this.socketDir + sep);
  }

  #watched(runner: Runner, { socketDir }: RunnerSpec): Runner {
    this.#startedMs = performance.now();
    this.socketDir = socketDir;
    const stdout = runner.stdout.pipe(new PassThrough());
    let text = '';
    runner.stdout.on('data', (chunk: Buffer) => {
      // Without a line break in so much it is no handshake.
      if (this.line !== undefined || text.length > MAX_LINE_CHARS) return;
      text += chunk.toString('latin1');
      const [line, rest] = text.split('\n', 2);
      if (rest === undefined) return;
      this.line = line;
      this.lineMs = performance.now() - this.#startedMs;
    });
    runner.exit$.subscribe(() => {
      const { address } = this.handshake ?? {};
      this.#goneMs = performance.now();
      // Before the host removes the directory.
      this.#socketRemoved = address?.network === 'unix' ? !existsSync(address.address) : undefined;
    });
    return new Proxy(runner, {
      get(target, key) {
        if (key === 'stdout') return stdout;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** What the host itself remarks has no time of its own. */
  #count({ kind, module, timestamp }: LogEntry): void {
    if (timestamp === undefined && /^rxplug\b/.test(module)) return;
    this.log.lines++;
    if (kind === 'hclog') this.log.hclog++;
  }

  #onExit({ code, signal }: Exit): void {
    const afterMs = Math.max(0, Math.round(this.#goneMs - this.#asked.ms));
    const askedAt = this.#asked.at.toISOString();
    this.ending = { askedAt, afterMs, code, signal, socketRemoved: this.#socketRemoved };
  }
}
