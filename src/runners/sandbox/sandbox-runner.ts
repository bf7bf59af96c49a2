import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { ClosedError } from '../../errors.js';
import type { ProcessIdentity } from '../../processes/identity.js';
import type { Address, AddressTranslator } from '../../wire/handshake/address.js';
import { diagnoseCommand } from '../diagnose/diagnose.js';
import { drainOutputs, PluginOutput } from '../plugin-output.js';
import { processRunner } from '../process/process-runner.js';
import type { Exit, Runner, RunnerFactory, RunnerSpec } from '../runner.js';
import { RunnerLife, UNKNOWN_EXIT } from '../runner-life.js';
import { sandboxAddresses } from './addresses.js';
import { explainMemory } from './explain.js';
import { type ResolvedSandboxOptions, resolveSandboxOptions, type SandboxOptions } from './options.js';
import { type PreparedSandbox, prepareSandbox } from './prepare.js';

/** Of stderr, for why the plugin has ended. */
const TAIL_CHARS = 4_096;

/**
 * Runs a plugin in a sandbox of bubblewrap (Linux): it sees the system's programs, itself and what is named, and has no network, no
 * capabilities, and of the host's environment nothing. It needs no root. Throws OptionsError, and the errors of a `secureConfig`.
 *
 * @example
 * createClient({ runner: sandboxRunner({ command: ['/opt/plugin'], writable: ['/var/lib/plugin'] }), handshake, plugins });
 */
export function sandboxRunner(options: SandboxOptions): RunnerFactory {
  const resolved = resolveSandboxOptions(options);
  return (spec) => new SandboxRunner(spec, resolved);
}

class SandboxRunner implements Runner {
  readonly name: string;
  readonly exit$: Observable<Exit>;
  readonly #spec: RunnerSpec;
  readonly #options: ResolvedSandboxOptions;
  readonly #stdout = new PluginOutput();
  readonly #stderr = new PluginOutput();
  readonly #life: RunnerLife;
  #addresses: AddressTranslator | undefined;
  #inner: Runner | undefined;
  #prepared: PreparedSandbox | undefined;
  #stderrTail = '';
  #note = '';

  constructor(spec: RunnerSpec, options: ResolvedSandboxOptions) {
    this.#spec = spec;
    this.#options = options;
    this.name = options.command[0];
    this.#life = new RunnerLife(this.name, (exit) => this.#end(exit));
    this.exit$ = this.#life.exit$;
  }

  get id(): string {
    return this.#inner?.id ?? '';
  }

  get stdout(): Readable {
    return this.#stdout;
  }

  get stderr(): Readable {
    return this.#stderr;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await this.#life.start(signal, () => this.#launch(signal));
  }

  async diagnose(): Promise<string> {
    const { command, cwd, readOnly, writable, network } = this.#options;
    const [file, ...args] = command;
    const path = process.env['PATH'];
    const diagnosis = await diagnoseCommand({ file, cwd, env: path === undefined ? {} : { PATH: path } }, args);
    const listed = (paths: readonly string[]): string => (paths.length === 0 ? 'nothing' : paths.join(', '));
    return [
      ...(this.#note === '' ? [] : [this.#note]),
      diagnosis,
      'In the sandbox it sees the system, its own file and what is named: a plugin of several files needs their folder in `readOnly`.',
      `  Read-only: ${listed(readOnly)}`,
      `  Writable: ${listed(writable)}`,
      `  Network: ${network}`,
    ].join('\n');
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return this.#addresses?.pluginToHost(address) ?? address;
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return this.#addresses?.hostToPlugin(address) ?? address;
  }

  kill(): Promise<void> {
    return this.#life.kill(() => this.#kill());
  }

  killNow(): void {
    this.#inner?.killNow?.();
  }

  async processIdentity(): Promise<ProcessIdentity> {
    const identity = await this.#inner?.processIdentity?.();
    if (identity !== undefined) return identity;
    throw new ClosedError('ERR_CLOSED', `The plugin ${this.name} is not running.`);
  }

  ref(): void {
    this.#inner?.ref?.();
  }

  unref(): void {
    this.#inner?.unref?.();
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { socketDir } = this.#spec;
    const prepared = await prepareSandbox(this.#spec, this.#options, signal);
    this.#prepared = prepared;
    this.#note = prepared.note;
    this.#life.throwIfKilled();
    if (prepared.sandboxed && socketDir !== undefined)
      this.#addresses = sandboxAddresses(socketDir, this.#options.network);
    await this.#run(prepared, signal);
  }

  async #run({ process: options }: PreparedSandbox, signal: AbortSignal): Promise<void> {
    const { killTimeoutMs } = this.#options;
    const inner = processRunner({ ...options, ...(killTimeoutMs === undefined ? {} : { killTimeoutMs }) });
    this.#inner = inner;
    this.#stdout.attach(inner.stdout);
    this.#stderr.attach(inner.stderr);
    inner.stderr.on('data', (chunk: Buffer) => {
      this.#stderrTail = (this.#stderrTail + chunk.toString('latin1')).slice(-TAIL_CHARS);
    });
    try {
      await inner.start({ signal });
    } catch (error) {
      await inner.kill().catch(() => {});
      throw error;
    }
    inner.exit$.subscribe((exit) => void this.#life.finish(exit));
  }

  async #end(exit: Exit): Promise<void> {
    await drainOutputs(this.#stdout, this.#stderr);
    await this.#explain(exit);
    await this.#prepared?.close();
  }

  async #explain(exit: Exit): Promise<void> {
    const { memoryBytes } = this.#options;
    if (memoryBytes === undefined || this.#prepared === undefined) return;
    const killed = await this.#prepared.ranOutOfMemory();
    const said = explainMemory({ exit, memoryBytes, killed, stderrTail: this.#stderrTail });
    if (said === '') return;
    this.#note = said;
    this.#spec.logger.error(said);
  }

  async #kill(): Promise<void> {
    await this.#life.launched();
    await this.#inner?.kill();
    await this.#life.finish(UNKNOWN_EXIT);
  }
}
