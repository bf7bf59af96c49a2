import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { bounded } from '../bounded.js';
import type { Command } from '../peers.js';

/** How a plugin that was run by hand ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A plugin program run without any host, as a user or a faulty host would. */
export class RawPlugin implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #closed: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  private constructor(
    command: Command,
    env: NodeJS.ProcessEnv,
    readonly tempDir: string,
  ) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, { env: cleanEnv(env, tempDir), stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => {});
    this.#closed = once(this.#child, 'close');
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  /** Runs the command with exactly these PLUGIN_* variables, and in a temporary directory of its own. */
  static async run(command: Command, env: NodeJS.ProcessEnv): Promise<RawPlugin> {
    return new RawPlugin(command, env, await mkdtemp(join(tmpdir(), 'raw-')));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything on stdout so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The first line on stdout, without its newline. */
  async line(): Promise<string> {
    while (!this.#stdout.includes('\n')) {
      await bounded(Promise.race([once(this.#child.stdout, 'data'), this.#ended()]), 'the handshake line');
    }
    return this.#stdout.slice(0, this.#stdout.indexOf('\n'));
  }

  /** Ends the program's stdin. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** How it ended by itself. */
  async ending(): Promise<Ending> {
    await bounded(this.#closed, 'the end of the plugin');
    return {
      code: this.#child.exitCode,
      signal: this.#child.signalCode,
      stdout: this.#stdout,
      stderr: this.#stderr,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
    await rm(this.tempDir, { recursive: true, force: true });
  }

  async #ended(): Promise<never> {
    await this.#closed;
    throw new Error(`The plugin ended without a line. Its stderr: ${this.#stderr}`);
  }
}

function cleanEnv(env: NodeJS.ProcessEnv, tempDir: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PLUGIN_'));
  return { ...Object.fromEntries(inherited), TMPDIR: tempDir, ...env };
}
