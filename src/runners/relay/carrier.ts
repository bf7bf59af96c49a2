import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { PluginError, StartError } from '../../errors.js';
import { createMark, TREE_VARIABLE } from '../../processes/mark.js';
import { killTree, type ProcessTree, treeOf } from '../../processes/tree.js';
import { settledWithin } from '../../streams/settled-within.js';
import { untilAborted } from '../../streams/until-aborted.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import type { Logger } from '../../wire/logs/logger.js';
import { quoteText } from '../../wire/quote.js';
import { CarrierWords } from './carrier-words.js';
import { connectionOf, readLine } from './lines.js';
import { LINK_TIMES } from './link.js';
import { ANY_RELAY_LINE, RELAY_LINE } from './messages.js';

/** How long a greeting of the machine may be. */
const MAX_GREETING_LINES = 1_000;
const MAX_GREETING_LINE_BYTES = 64 << 10;

/** How much of what it said is in an error. */
const MAX_QUOTED_CHARS = 1_000;

/** How long a carrier may take to end after its connection has ended. */
const END_TIMEOUT_MS = 1_000;

/** How often a start tells that it waits for the carrier, and what that said last. */
const WAITING_NOTICE_MS = 3_000;

/** A running command that carries the connection to a far end. */
export class Carrier {
  readonly #name: string;
  readonly #logger: Logger;
  readonly #child: ChildProcess;
  readonly #tree: ProcessTree | undefined;
  readonly #exited: Promise<string>;
  /** What it says on stderr, and on stdout before its far end answers. */
  readonly #said: CarrierWords;
  readonly #printed: CarrierWords;

  /** Starts it. What it says is logged as it comes. */
  constructor([file, ...args]: readonly [string, ...string[]], logger: Logger) {
    this.#name = file;
    this.#logger = logger;
    this.#said = new CarrierWords(file, logger);
    this.#printed = new CarrierWords(file, logger);
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
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#said.add(chunk));
    this.#child.stderr?.once('close', () => this.#said.finish());
  }

  /**
   * Waits for the far end. Rejects with StartError ERR_SPAWN, with the carrier's own words, also when the signal's reason is the end of the
   * time for the start; else with the signal's reason.
   */
  async connect(signal: AbortSignal): Promise<YamuxSession> {
    const { stdin, stdout } = this.#child;
    if (stdin === null || stdout === null) throw await this.#failed();
    const notice = setInterval(() => this.#tellWaiting(), WAITING_NOTICE_MS).unref();
    try {
      const isThere = await untilAborted(this.#farEndAnswers(stdout), signal);
      if (!isThere) throw await this.#failed();
    } catch (error) {
      const isLate = signal.aborted && PluginError.is(error) && error.code === 'ERR_START_TIMEOUT';
      throw isLate ? await this.#failed('it did not start the far end within the time of the start') : error;
    } finally {
      clearInterval(notice);
      this.#printed.finish();
    }
    return createYamuxSession(connectionOf(stdout, stdin), { role: 'client', keepAlive: true, ...LINK_TIMES });
  }

  /** Reads the greeting of the machine. False when no far end is coming; rejects with StartError ERR_SPAWN for one of another version. */
  async #farEndAnswers(stdout: Readable): Promise<boolean> {
    for (let lines = 0; lines <= MAX_GREETING_LINES; lines += 1) {
      const read = readLine(stdout, MAX_GREETING_LINE_BYTES, (part) => this.#printed.add(part));
      const line = (await read.catch(() => undefined))?.trimEnd();
      if (line === RELAY_LINE) return true;
      if (line === undefined) return false;
      if (ANY_RELAY_LINE.test(line)) throw otherVersion(line);
    }
    return false;
  }

  #tellWaiting(): void {
    const last = this.#said.last || this.#printed.last;
    this.#logger.info(`Waiting for the carrier ${this.#name}: it has said ${last === '' ? 'nothing' : last}.`);
  }

  /** Why it is gone, in its own words. */
  async lastWords(): Promise<string> {
    await settledWithin(END_TIMEOUT_MS, this.#exited);
    const { said } = this.#said;
    return said === '' ? '' : ` ${this.#name} said ${quoteText(said, MAX_QUOTED_CHARS)}.`;
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

  async #failed(reason?: string): Promise<StartError> {
    this.#child.stdin?.destroy();
    const how = reason ?? ((await this.#endedInTime()) ? await this.#exited : 'it did not start the far end');
    const { said: printed } = this.#printed;
    const greeting = printed === '' ? '' : ` It printed ${quoteText(printed, MAX_QUOTED_CHARS)}.`;
    return new StartError(
      'ERR_SPAWN',
      `The carrier ${this.#name} did not reach the far end of the relay: ${how}.${await this.lastWords()}${greeting} Check that the same command ` +
        'works by hand without a terminal, and that the `relay` option names a program over there.',
    );
  }

  #endedInTime(): Promise<boolean> {
    return settledWithin(END_TIMEOUT_MS, this.#exited);
  }
}

function otherVersion(line: string): StartError {
  return new StartError(
    'ERR_SPAWN',
    `The far end of the relay speaks another version: it printed ${quoteText(line)}, and "${RELAY_LINE}" was expected. Install the same version of ` +
      'rxplug over there, or copy its relay there again.',
  );
}
