import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { buildGo } from '../../conformance/build-go.js';
import { GOLDEN } from '../../wire/gob/golden-vectors.js';
import type { Description } from './description.js';

export type GoRequest =
  | { readonly op: 'random'; readonly seed: number; readonly count: number }
  | { readonly op: 'check'; readonly seed: number; readonly count: number; readonly stream: string }
  | { readonly op: 'echo'; readonly type: Description; readonly count: number; readonly stream: string };

export interface GoAnswer {
  readonly go: string;
  readonly type?: Description;
  readonly values: readonly unknown[] | null;
  /** Base64. */
  readonly stream: string | null;
  readonly error?: string;
}

/** Go's encoding/gob in a process of its own (`go/peer`), asked one thing at a time. */
export class GoPeer {
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout! });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  static async start(): Promise<GoPeer> {
    const programs = await buildGo('test/interop/gob/go', ['peer']);
    return new GoPeer(spawn(join(programs, 'peer'), { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** What is tested against what. */
  async version(): Promise<string> {
    const { go } = await this.ask({ op: 'random', seed: 1, count: 1 });
    return `encoding/gob of ${go}; golden streams of ${GOLDEN.go}; Node ${process.version}`;
  }

  async ask(request: GoRequest): Promise<GoAnswer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the Go peer ended');
    return JSON.parse(value) as GoAnswer;
  }

  async stop(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    this.#lines.close();
  }
}
