import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AsyncSubject, firstValueFrom, type Observable } from 'rxjs';
import { ClosedError, OptionsError, PluginError, StartError } from '../../errors.js';
import { absolutePath } from '../../processes/current-directory.js';
import { identify, type ProcessIdentity } from '../../processes/identity.js';
import { createMark, TREE_VARIABLE } from '../../processes/mark.js';
import { killGroup, killLeftovers, killRoot, killTree, type ProcessTree, treeOf } from '../../processes/tree.js';
import { settledWithin } from '../../streams/settled-within.js';
import { type Address, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import { definedVariables } from '../../wire/handshake/variables.js';
import { optionNames, requireOptions } from '../../wire/option-names.js';
import { diagnoseCommand } from '../diagnose/diagnose.js';
import { explainSpawnError } from '../diagnose/spawn-error.js';
import { PluginOutput } from '../plugin-output.js';
import type { Exit, ProcessSpec, Runner, RunnerSpec } from '../runner.js';
import { type ResolvedSecureConfig, resolveSecureConfig } from '../secure/secure-config.js';
import type { VerifiedCommand, VerifiedSpawn } from '../secure/verified-plugin.js';
import { startAborted } from '../start-aborted.js';
import { spawnPlugin } from './spawn.js';

/** What to run as a child process, and with which environment. */
export interface ProcessRunnerOptions extends ProcessSpec {
  /** The complete environment; a variable that is undefined is left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The plugin's stdin: the host's own, or none, which is empty. @default 'inherit' */
  readonly stdin?: 'inherit' | 'ignore';
  /** How long a killed process may take to exit, in milliseconds. @default 5000 */
  readonly killTimeoutMs?: number;
}

const NAMES = optionNames<ProcessRunnerOptions>()(
  'command env stdin cwd processGroup outlivesHost secureConfig killTimeoutMs',
);
const KILL_TIMEOUT_MS = 5_000;
const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/**
 * Runs a plugin as a child process: stdout and stderr piped; its descendants are killed with it. Throws OptionsError for
 * a command that is not a non-empty list, and the errors of `resolveSecureConfig`.
 *
 * @example
 * createClient({ runner: ({ env }) => processRunner({ command: ['nice', '/opt/plugin'], env }), handshake, plugins });
 */
export function processRunner(options: ProcessRunnerOptions): Runner {
  requireOptions('processRunner', options, NAMES);
  if (!Array.isArray(options.command) || typeof options.command[0] !== 'string' || options.command[0] === '') {
    throw new OptionsError(
      'Expected the `command` option to be a non-empty list, the program first: `[file, ...args]`.',
    );
  }
  return new ProcessRunner({ ...options, env: definedVariables('processRunner', options.env) });
}

/**
 * Runs a client's `command` as a child process, as the client's options say; `overrides` replaces some of them. It is the default of the
 * token `RUNNER`. Throws OptionsError for a client without a `command`.
 *
 * @example
 * bind(RUNNER).toConstantValue((spec) => commandRunner(spec, { processGroup: 'shared' }));
 */
export function commandRunner(spec: RunnerSpec, overrides: Partial<ProcessRunnerOptions> = {}): Runner {
  if (spec.process === undefined)
    throw new OptionsError('Expected a client with a `command` to run, got one with a `runner` of its own.');
  return processRunner({ ...spec.process, env: spec.env, ...overrides });
}

interface ResolvedProcessRunnerOptions extends ProcessRunnerOptions {
  readonly env: Readonly<Record<string, string>>;
}

class ProcessRunner implements Runner {
  readonly name: string;
  readonly exit$: Observable<Exit>;
  readonly #options: ResolvedProcessRunnerOptions;
  readonly #secure: ResolvedSecureConfig | undefined;
  readonly #stdout = new PluginOutput();
  readonly #stderr = new PluginOutput();
  readonly #exit = new AsyncSubject<Exit>();
  #id = '';
  #note: string | undefined;
  #child: ChildProcess | undefined;
  #tree: ProcessTree | undefined;
  #state: 'new' | 'started' | 'reaped' | 'ended' = 'new';
  #killing: Promise<void> | undefined;

  constructor(options: ResolvedProcessRunnerOptions) {
    this.#options = options;
    this.#secure = options.secureConfig === undefined ? undefined : resolveSecureConfig(options.secureConfig);
    this.name = options.command[0];
    this.exit$ = this.#exit.asObservable();
  }

  get id(): string {
    return this.#id;
  }

  get stdout(): Readable {
    return this.#stdout;
  }

  get stderr(): Readable {
    return this.#stderr;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#killing !== undefined) throw this.#killedBefore();
    if (this.#state !== 'new')
      throw new ClosedError('ERR_CLOSED', `The plugin ${this.name} was started before: a runner runs once.`);
    this.#state = 'started';
    try {
      signal.throwIfAborted();
      await this.#verifyAndSpawn(signal);
    } catch (error) {
      await this.#cleanUp();
      throw await this.#startError(error, signal);
    }
  }

  async diagnose(): Promise<string> {
    const { args, ...command } = this.#command();
    const diagnosis = await diagnoseCommand(command, args);
    return [...(this.#note === undefined ? [] : [this.#note]), diagnosis].join('\n');
  }

  pluginToHost(address: Address): Address {
    return SAME_ADDRESSES.pluginToHost(address);
  }

  hostToPlugin(address: Address): Address {
    return SAME_ADDRESSES.hostToPlugin(address);
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  killNow(): void {
    if (this.#tree !== undefined && this.#state === 'started') killRoot(this.#tree);
  }

  async processIdentity(): Promise<ProcessIdentity> {
    const { pid, startTicks = 0 } = this.#tree ?? {};
    if (pid !== undefined && startTicks !== 0 && this.#isRunning()) return { pid, startTime: String(startTicks) };
    const found = pid === undefined ? undefined : await identify(pid);
    if (found !== undefined) return found;
    throw new ClosedError('ERR_CLOSED', `The plugin ${this.name} is not running.`);
  }

  /** Until its end is known, nobody else has its pid. */
  #isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  ref(): void {
    this.#child?.ref();
    this.#stdout.ref();
    this.#stderr.ref();
  }

  unref(): void {
    this.#child?.unref();
    this.#stdout.unref();
    this.#stderr.unref();
  }

  async #verifyAndSpawn(signal: AbortSignal): Promise<void> {
    const secure = this.#secure;
    if (secure === undefined) return await this.#spawn(signal);
    const { openVerified } = await import('../secure/open-verified.js');
    const verified = await openVerified(this.#command(), secure, { signal });
    try {
      if (this.#killing !== undefined) throw this.#killedBefore();
      this.#note = verified.spawn.note;
      await this.#spawn(signal, verified.spawn);
    } finally {
      await verified.close();
    }
  }

  /** The first event counts: an `error` after `spawn` (a signal that could not be sent) says nothing about the process. */
  async #spawn(signal: AbortSignal, verified?: VerifiedSpawn): Promise<void> {
    const { command, cwd, env, stdin, processGroup = 'own', outlivesHost = false } = this.#options;
    const ownGroup = processGroup === 'own' && process.platform !== 'win32';
    const mark = createMark(outlivesHost ? undefined : (env[TREE_VARIABLE] ?? process.env[TREE_VARIABLE]));
    const child = spawnPlugin({
      command,
      ...(cwd === undefined ? {} : { cwd }),
      env: process.platform === 'linux' ? { ...env, [TREE_VARIABLE]: mark } : env,
      ownGroup,
      verified,
      stdin,
    });
    // An error of a later kill.
    child.on('error', () => {});
    if (child.pid !== undefined) this.#adopt(child, treeOf(child.pid, mark, ownGroup));
    else destroyPipes(child);
    await spawned(child);
    signal.throwIfAborted();
  }

  #adopt(child: ChildProcess, tree: ProcessTree): void {
    this.#child = child;
    this.#tree = tree;
    this.#id = String(tree.pid);
    child.once('exit', (code, signal) => void this.#reaped({ code, signal }));
    if (child.stdout !== null) this.#stdout.attach(child.stdout);
    if (child.stderr !== null) this.#stderr.attach(child.stderr);
  }

  /** Emits the exit last, when the streams contain all that the plugin wrote. */
  async #reaped(exit: Exit): Promise<void> {
    this.#state = 'reaped';
    const tree = this.#tree;
    if (tree !== undefined) killGroup(tree);
    const leftovers = tree === undefined ? undefined : killLeftovers(tree);
    await Promise.all([this.#stdout.drain(), this.#stderr.drain(), leftovers]);
    this.#end(exit);
  }

  #end(exit: Exit): void {
    this.#state = 'ended';
    this.#stdout.finish();
    this.#stderr.finish();
    this.#exit.next(exit);
    this.#exit.complete();
  }

  async #kill(): Promise<void> {
    const tree = this.#tree;
    if (tree === undefined) {
      this.#end(UNKNOWN_EXIT);
      return;
    }
    if (this.#state === 'started') await killTree(tree);
    await this.#waitForExit(tree);
  }

  async #waitForExit(tree: ProcessTree): Promise<void> {
    const { killTimeoutMs = KILL_TIMEOUT_MS } = this.#options;
    if (this.#state === 'ended' || (await settledWithin(killTimeoutMs, firstValueFrom(this.#exit)))) return;
    this.unref();
    this.#end(UNKNOWN_EXIT);
    throw new StartError(
      'ERR_KILL',
      `The plugin ${this.name} (pid ${tree.pid}) was still running ${killTimeoutMs} ms after it was killed: it belongs to another user, ` +
        'or is blocked in the kernel. Look at it with `ps` and end it by hand.',
    );
  }

  /** The start has failed: kills what was started, and emits an exit. */
  async #cleanUp(): Promise<void> {
    if (this.#tree !== undefined) killRoot(this.#tree);
    await this.kill().catch(() => {});
  }

  async #startError(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return startAborted(signal, this.name);
    if (PluginError.is(error)) return error;
    return new StartError('ERR_SPAWN', await explainSpawnError(error, this.#command()), { cause: error });
  }

  #killedBefore(): ClosedError {
    return new ClosedError('ERR_CLOSED', `The plugin ${this.name} was killed before it was started.`);
  }

  #command(): VerifiedCommand {
    const { command, cwd, env } = this.#options;
    const [file, ...args] = command;
    return { file, args, cwd: absolutePath(cwd ?? ''), env };
  }
}

/** In the next turn. */
function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
}

/** Destroys the pipes of a child that was not spawned. Without free descriptors there are no pipes, although the types say so. */
function destroyPipes(child: Partial<Pick<ChildProcess, 'stdio'>>): void {
  for (const pipe of child.stdio ?? []) pipe?.destroy();
}
