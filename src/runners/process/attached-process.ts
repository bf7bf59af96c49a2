import { AsyncSubject, firstValueFrom, type Observable } from 'rxjs';
import { OptionsError, StartError } from '../../errors.js';
import { identify, type ProcessIdentity } from '../../processes/identity.js';
import { readProcessEntry } from '../../processes/table.js';
import { type Address, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import { optionNames, requireOptions } from '../../wire/option-names.js';
import type { AttachedRunner, Exit } from '../runner.js';

/** Which process to attach to, and how it is watched and killed. */
export interface AttachProcessOptions extends ProcessIdentity {
  /** Connects to the plugin's address, to check that it is served. */
  readonly probe: () => Promise<void>;
  /** Interval at which the process is checked, in milliseconds. @default 1000, as go-plugin */
  readonly pollMs?: number;
  /** How long the killed process may take to exit, in milliseconds. @default 5000 */
  readonly killTimeoutMs?: number;
}

const NAMES = optionNames<AttachProcessOptions>()('probe pollMs killTimeoutMs pid startTime');

const POLL_MS = 1_000;
const KILL_TIMEOUT_MS = 5_000;
const KILL_POLL_MS = 10;

/** The exit code of a process that is not a child cannot be read. */
const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/**
 * Attaches to a plugin process that this host did not start (go-plugin cmdrunner ReattachFunc). Rejects with StartError
 * ERR_PROCESS_NOT_FOUND when there is no such process or its address cannot be connected to, and with ERR_PROCESS_REUSED when the pid
 * belongs to a process that was started at another time.
 *
 * @example
 * const dialer = dialerTo({ network: 'unix', address: '/tmp/plugin1/s' });
 * const runner = await attachProcess({ pid: 4711, probe: async () => void (await dialer.dial()).destroy() });
 */
export async function attachProcess(options: AttachProcessOptions): Promise<AttachedRunner> {
  requireOptions('attachProcess', options, NAMES);
  if (typeof options.probe !== 'function')
    throw new OptionsError('Expected `probe` of attachProcess to be a function that connects to the plugin.');
  const { pid, startTime, probe } = options;
  const found = await identify(pid);
  if (found === undefined) throw notFound(pid, 'there is no such process');
  if (startTime !== undefined && found.startTime !== undefined && found.startTime !== startTime) throw reused(pid);
  try {
    await probe();
  } catch (cause) {
    throw notFound(pid, 'the process runs, but does not listen at its address', cause);
  }
  return new AttachedProcess(found, options);
}

class AttachedProcess implements AttachedRunner {
  readonly id: string;
  readonly exit$: Observable<Exit>;
  readonly #identity: ProcessIdentity;
  readonly #killTimeoutMs: number;
  readonly #exit = new AsyncSubject<Exit>();
  readonly #poll: NodeJS.Timeout;
  #killing: Promise<void> | undefined;

  constructor(identity: ProcessIdentity, { pollMs = POLL_MS, killTimeoutMs = KILL_TIMEOUT_MS }: AttachProcessOptions) {
    this.#identity = identity;
    this.#killTimeoutMs = killTimeoutMs;
    this.id = String(identity.pid);
    this.exit$ = this.#exit.asObservable();
    this.#poll = setInterval(() => void this.#check(), pollMs);
  }

  processIdentity(): Promise<ProcessIdentity> {
    return Promise.resolve(this.#identity);
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

  /** Only on Linux, where it can be checked synchronously that the pid was not reused. */
  killNow(): void {
    const { pid, startTime } = this.#identity;
    const entry = process.platform === 'linux' && pid !== process.pid ? readProcessEntry(pid) : undefined;
    if (entry !== undefined && String(entry.startTicks) === startTime) send(pid);
  }

  release(): void {
    clearInterval(this.#poll);
  }

  ref(): void {
    this.#poll.ref();
  }

  unref(): void {
    this.#poll.unref();
  }

  /** Checks the process; true when it has exited. */
  async #check(): Promise<boolean> {
    if (await this.#isRunning()) return false;
    clearInterval(this.#poll);
    this.#exit.next(UNKNOWN_EXIT);
    this.#exit.complete();
    return true;
  }

  async #isRunning(): Promise<boolean> {
    const now = await identify(this.#identity.pid);
    return now !== undefined && now.startTime === this.#identity.startTime;
  }

  /** Kills this process only: its descendants belong to the host that started it. */
  async #kill(): Promise<void> {
    const { pid } = this.#identity;
    if (pid === process.pid) throw ownProcess(pid);
    if (await this.#check()) return;
    send(pid);
    const deadline = performance.now() + this.#killTimeoutMs;
    while (!(await this.#check())) {
      if (performance.now() > deadline) throw this.#unkillable();
      await new Promise((resolve) => setTimeout(resolve, KILL_POLL_MS));
    }
    await firstValueFrom(this.#exit);
  }

  #unkillable(): StartError {
    this.release();
    this.#exit.complete();
    return new StartError(
      'ERR_KILL',
      `The plugin (pid ${this.id}) was still running ${this.#killTimeoutMs} ms after it was killed: it belongs to another user, or is blocked in the ` +
        'kernel. Look at it with `ps` and end it by hand.',
    );
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

function notFound(pid: number, why: string, cause?: unknown): StartError {
  return new StartError(
    'ERR_PROCESS_NOT_FOUND',
    `The plugin was not found as process ${pid}: ${why}. It has ended; start a new one, or get a new reattach configuration.`,
    { cause },
  );
}

function reused(pid: number): StartError {
  return new StartError(
    'ERR_PROCESS_REUSED',
    `The plugin was not found: process ${pid} was started at another time than the plugin, so the pid was reused by another program. ` +
      'The plugin has ended; start a new one, or get a new reattach configuration.',
  );
}

function ownProcess(pid: number): OptionsError {
  return new OptionsError(
    `The plugin is this process itself (${pid}), which is not killed. Serve it in test mode (\`test: true\`).`,
  );
}
