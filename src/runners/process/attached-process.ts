import { AsyncSubject, firstValueFrom, type Observable } from 'rxjs';
import { OptionsError, StartError } from '../../errors.js';
import { type Address, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import { identify, type ProcessIdentity } from '../os-process/identity.js';
import { readProcessEntry } from '../os-process/table.js';
import type { AttachedRunner, Exit } from '../runner.js';

/** How a running process is watched, and how it is killed. */
export interface AttachProcessOptions extends ProcessIdentity {
  /** Resolves when somebody listens at the plugin's address. */
  readonly probe: () => Promise<void>;
  /** Between two looks at the process. @default 1000 ms, as go-plugin */
  readonly pollMs?: number;
  /** How long the killed process may take to be gone. @default 5000 ms */
  readonly killTimeoutMs?: number;
}

const POLL_MS = 1_000;
const KILL_TIMEOUT_MS = 5_000;
const KILL_POLL_MS = 10;

/** How a process ended that is not our child nobody can know. */
const UNKNOWN_EXIT: Exit = { code: null, signal: null };

/**
 * Attaches to a plugin process that somebody else has started (go-plugin cmdrunner ReattachFunc). Rejects with StartError
 * ERR_PROCESS_NOT_FOUND when there is no such process or nobody listens at its address, and with ERR_PROCESS_REUSED when the pid
 * belongs to a process that began at another time.
 */
export async function attachProcess(options: AttachProcessOptions): Promise<AttachedRunner> {
  const { pid, startTime, probe } = options;
  const found = await identify(pid);
  if (found === undefined) throw notFound(pid, 'there is no such process');
  if (startTime !== undefined && found.startTime !== undefined && found.startTime !== startTime) throw reused(pid);
  try {
    await probe();
  } catch (cause) {
    throw notFound(pid, `the process lives, but nobody listens at its address`, cause);
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
    this.#poll = setInterval(() => void this.#look(), pollMs);
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

  /** Only where it can be told at once whose the pid is by now. */
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

  /** True when the process is gone. */
  async #look(): Promise<boolean> {
    if (await this.#isThere()) return false;
    clearInterval(this.#poll);
    this.#exit.next(UNKNOWN_EXIT);
    this.#exit.complete();
    return true;
  }

  async #isThere(): Promise<boolean> {
    const now = await identify(this.#identity.pid);
    return now !== undefined && now.startTime === this.#identity.startTime;
  }

  /** This process only: what it has started belongs to whoever started it. */
  async #kill(): Promise<void> {
    const { pid } = this.#identity;
    if (pid === process.pid) throw ownProcess(pid);
    if (await this.#look()) return;
    send(pid);
    const deadline = performance.now() + this.#killTimeoutMs;
    while (!(await this.#look())) {
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
      `The plugin (pid ${this.id}) was still there ${this.#killTimeoutMs} ms after it was killed: it belongs to another user, or hangs in the ` +
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
    `The plugin was not found: process ${pid} began at another time than the plugin did, so it is a stranger that got the plugin's number. ` +
      'The plugin has ended; start a new one, or get a new reattach configuration.',
  );
}

function ownProcess(pid: number): OptionsError {
  return new OptionsError(
    `The plugin is this very process (${pid}), which is not killed. Serve it in test mode (\`test: true\`).`,
  );
}
