import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { StartError } from '../../errors.js';
import { createMark, TREE_VARIABLE } from '../../processes/mark.js';
import { killTree, type ProcessTree, treeOf } from '../../processes/tree.js';
import { settledWithin } from '../../streams/settled-within.js';
import { untilAborted } from '../../streams/until-aborted.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import type { Logger } from '../../wire/logs/logger.js';
import { quoteText } from '../../wire/quote.js';
import { LINK_TIMES } from './link.js';
import { connectionOf, RELAY_LINE, readLine } from './messages.js';

/** How much of what a carrier says is kept, and how long a greeting of the machine may be. */
const MAX_SAID_CHARS = 2_000;
const MAX_GREETING_LINES = 1_000;
const MAX_GREETING_LINE_BYTES = 64 << 10;

/** How long a carrier may take to end after its connection has ended. */
const END_TIMEOUT_MS = 1_000;

/** A running command that carries the connection to a far end. */
export class Carrier {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #tree: ProcessTree | undefined;
  readonly #exited: Promise<string>;
  #said = '';

  /** Starts it. What it says on stderr is logged. */
  constructor([file, ...args]: readonly [string, ...string[]], logger: Logger) {
    this.#name = file;
    const mark = createMark(process.env[TREE_VARIABLE]);
    const ownGroup = process.platform !== 'win32';
    const env = { ...process.env, [TREE_VARIABLE]: mark };
    this.#child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: ownGroup, windowsHide: true });
    const { pid } = this.#child;
    this.#tree = pid === undefined ? undefined : treeOf(pid, mark, ownGroup);
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    this.#child.stdin?.on('error', () => {});
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      this.#said = (this.#said + text).slice(-MAX_SAID_CHARS);
      for (const line of text.split('\n')) if (line.trim() !== '') logger.info(`${this.#name}: ${line.trimEnd()}`);
    });
  }

  /** Waits for the far end. Rejects with StartError ERR_SPAWN, with the carrier's own words, or with the signal's reason. */
  async connect(signal: AbortSignal): Promise<YamuxSession> {
    const { stdin, stdout } = this.#child;
    if (stdin === null || stdout === null) throw await this.#failed();
    const greeting: string[] = [];
    for (;;) {
      const line = await untilAborted(readLine(stdout, MAX_GREETING_LINE_BYTES), signal).catch(() => undefined);
      signal.throwIfAborted();
      if (line?.trimEnd() === RELAY_LINE) break;
      if (line === undefined || greeting.length >= MAX_GREETING_LINES) throw await this.#failed(greeting);
      greeting.push(line);
    }
    return createYamuxSession(connectionOf(stdout, stdin), { role: 'client', keepAlive: true, ...LINK_TIMES });
  }

  /** Why it is gone, in its own words. */
  async epitaph(): Promise<string> {
    await settledWithin(END_TIMEOUT_MS, this.#exited);
    return this.#said.trim() === '' ? '' : ` ${this.#name} said ${quoteText(this.#said.trim())}.`;
  }

  ref(): void {
    this.#child.ref();
  }

  unref(): void {
    this.#child.unref();
    for (const pipe of this.#child.stdio) (pipe as (Duplex & { unref?(): void }) | null)?.unref?.();
  }

  /** Asks it to end: a far end on this machine that is killed cannot end its plugin. The pipes are closed with the host besides. */
  killNow(): void {
    this.#child.kill('SIGTERM');
  }

  /** Lets it end, and kills it when it does not. Idempotent, never rejects. */
  async end(): Promise<void> {
    this.#child.stdin?.destroy();
    if (this.#tree === undefined || (await settledWithin(END_TIMEOUT_MS, this.#exited))) return;
    await killTree(this.#tree).catch(() => {});
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'exit').catch(() => {});
  }

  async #failed(greeting: readonly string[] = []): Promise<StartError> {
    this.#child.stdin?.destroy();
    const inTime = await settledWithin(END_TIMEOUT_MS, this.#exited);
    const how = inTime ? await this.#exited : 'it did not start the far end';
    const printed = greeting.length === 0 ? '' : ` It printed ${quoteText(greeting.slice(-5).join('\n'))}.`;
    return new StartError(
      'ERR_SPAWN',
      `The carrier ${this.#name} did not reach the far end of the relay: ${how}.${await this.epitaph()}${printed} Check that the same command ` +
        'works by hand without a terminal, and that the `relay` option names a program over there.',
    );
  }
}
