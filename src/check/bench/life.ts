import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { isMarkOf, markOf, TREE_VARIABLE } from '../../processes/mark.js';
import { readProcessTable } from '../../processes/table.js';
import { killLeftovers, killRoot, killTree, type ProcessTree, treeOf } from '../../processes/tree.js';
import { setLoopTimeout } from '../../streams/loop-timeout.js';
import { settledWithin } from '../../streams/settled-within.js';
import type { SocketDir } from '../../transports/sockets/socket-dir.js';
import { errorLine } from '../../wire/logs/error-line.js';
import { quoteText } from '../../wire/quote.js';
import { type Announced, announced, looksLikeHandshake } from './announced.js';
import { bounded } from './bounded.js';
import { Output } from './output.js';

/** What is run, and how. */
export interface LifeOptions {
  readonly command: readonly [file: string, ...args: string[]];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Value of TREE_VARIABLE. */
  readonly mark: string;
  /** Where its sockets are to be; removed with it. */
  readonly sockets: SocketDir;
  /** Reads nothing from the real stdout once the handshake has come. */
  readonly leavesStdout: boolean;
  /** Called when it is disposed. */
  readonly onDisposed: (life: Life) => void;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const KILL_TIMEOUT_MS = 5000;
/** How long after another line the handshake may come. */
const NOISE_MS = 5000;

/** A process of the plugin, from its start to its end. */
export class Life implements AsyncDisposable {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly sockets: SocketDir;
  /** Rejects when the program cannot be run. */
  readonly ended: Promise<Ending>;
  /** Where in the text of stdout the handshake line ends. */
  #handshakeEnd = 0;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #tree: ProcessTree | undefined;
  readonly #startedAt = performance.now();
  readonly #leavesStdout: boolean;
  readonly #onDisposed: (life: Life) => void;
  readonly #line: Promise<string>;
  #over = false;

  constructor({ command: [file, ...args], cwd, env, mark, sockets, leavesStdout, onDisposed }: LifeOptions) {
    this.sockets = sockets;
    this.#leavesStdout = leavesStdout;
    this.#onDisposed = onDisposed;
    this.#child = spawn(file, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...env, [TREE_VARIABLE]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      // As under our hosts: a session of its own, without a terminal.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const { pid } = this.#child;
    this.#tree = pid === undefined ? undefined : treeOf(pid, mark, process.platform !== 'win32');
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject).once('exit', (code, signal) => resolve({ code, signal }));
    });
    const over = (): void => void (this.#over = true);
    this.ended.then(over, over);
    this.stdout = new Output(this.#child.stdout);
    this.stderr = new Output(this.#child.stderr);
    this.#line = this.#findLine();
    this.#line.catch(() => {});
  }

  get pid(): number {
    return this.#tree?.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** What the program has written to its real stdout after the handshake. */
  get stray(): string {
    return this.stdout.text.slice(this.#handshakeEnd);
  }

  /** The handshake, which need not be the first line. Rejects when the process ends before, or in `ms`. */
  async handshake(ms: number): Promise<Announced> {
    const line = await bounded(ms, 'handshake line', this.#line);
    return announced(line, Math.round(performance.now() - this.#startedAt));
  }

  /** Sends a signal to the process alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The processes that it has started, by whatever way, and that run. On Linux only. */
  async descendants(): Promise<readonly number[]> {
    const table = await readProcessTable();
    const { pid, mark } = this.#tree ?? { pid: -1, mark: '' };
    const belongs = (entry: { readonly pid: number; readonly groupId: number }): boolean =>
      entry.pid !== pid && (entry.groupId === pid || isMarkOf(mark, markOf(entry.pid)));
    return table.filter(belongs).map((entry) => entry.pid);
  }

  /** Kills the process and its group, at once and without waiting: for an exit of this process. Never throws. */
  killNow(): void {
    if (this.#tree !== undefined && !this.#over) killRoot(this.#tree);
    this.sockets.remove();
  }

  /** Kills whatever is left of it. Idempotent; never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#tree !== undefined) {
      if (!this.#over) await killTree(this.#tree);
      await settledWithin(KILL_TIMEOUT_MS, this.ended);
      await killLeftovers(this.#tree);
    }
    this.stdout.destroy();
    this.stderr.destroy();
    this.sockets.remove();
    this.#onDisposed(this);
  }

  #findLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      let cancel: (() => void) | undefined;
      const look = (): void => {
        const { lines } = this.stdout;
        const line = lines.find(looksLikeHandshake);
        if (line === undefined) {
          if (lines[0] !== undefined) cancel ??= setLoopTimeout(() => reject(noHandshake(lines[0])), NOISE_MS);
          return;
        }
        cancel?.();
        this.#handshakeEnd = this.stdout.text.indexOf(line) + line.length + 1;
        this.stdout.onData(() => {});
        if (this.#leavesStdout) this.stdout.pause();
        resolve(line);
      };
      this.stdout.onData(look);
      this.#child.once('error', reject).once('close', (code, signal) => {
        look();
        cancel?.();
        const said = errorLine(this.stderr.lines);
        const words = said === undefined ? '' : `; its stderr: ${quoteText(said)}`;
        reject(new Error(`it ended ${describeEnding({ code, signal })} without a handshake${words}`));
      });
    });
  }
}

function noHandshake(line = ''): Error {
  return new Error(`its first line is ${quoteText(line, 100)}, and no handshake follows within ${NOISE_MS} ms`);
}

/** `with code 1`, `by SIGTERM`. */
export function describeEnding({ code, signal }: Ending): string {
  return signal === null ? `with code ${code}` : `by ${signal}`;
}
