import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { bounded, LIMIT_MS } from './bounded.js';
import { CallFailure, type Pairs, RpcFailure } from './driver.js';

/** How much later than the Go host itself the driver gives up on an answer. */
const MARGIN_MS = 5000;
const STDERR_LINES = 40;

/** What the Go host says went wrong with a command, where it is neither a gRPC status nor a net/rpc error reply. */
export class HostFailure extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly code?: number;
  readonly header?: Pairs;
  readonly trailer?: Pairs;
}

/** Something that happened to a client. */
export interface HostEvent {
  readonly event: 'log' | 'stdout' | 'stderr' | 'rawStderr';
  readonly client: string;
  /** Base64; absent for log entries. */
  readonly data?: string;
  readonly log?: {
    readonly level: string;
    readonly name: string;
    readonly message: string;
    readonly fields: readonly { readonly key: string; readonly value: unknown }[];
  };
}

interface Reply {
  readonly id: number;
  readonly ok?: unknown;
  readonly error?: Failure;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A Go host process: commands in, answers and events out, a line of JSON each. */
export class GoProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #onEvent: (event: HostEvent) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #gone: Promise<unknown>;
  readonly #stderr: string[] = [];
  #parts: Buffer[] = [];
  #nextId = 1;
  #isGone = false;

  constructor(file: string, env: NodeJS.ProcessEnv, onEvent: (event: HostEvent) => void) {
    this.#onEvent = onEvent;
    this.#child = spawn(file, [], { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#note(chunk));
    this.#child.stdin.on('error', () => {});
    this.#gone = once(this.#child, 'close').then(
      () => this.#end('it ended'),
      (error: Error) => this.#end(error.message),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Executes a command; rejects with HostFailure, CallFailure or RpcFailure, and when no answer comes in time. */
  async command<T>(op: string, fields: Readonly<Record<string, unknown>>, limitMs: number = LIMIT_MS): Promise<T> {
    if (this.#isGone) throw new Error(`The Go host is gone: ${op} was not executed. ${this.#words()}`);
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify({ id, op, limitMs, ...fields })}\n`);
    try {
      return (await bounded(answer, `Go host, ${op}`, limitMs + MARGIN_MS)) as T;
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Ends the host, and its plugins with it; by force when it takes too long. */
  async dispose(): Promise<void> {
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 2 * MARGIN_MS);
    await this.#gone;
    clearTimeout(force);
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#parts.push(chunk.subarray(from, at));
      const line = Buffer.concat(this.#parts).toString();
      this.#parts = [];
      from = at + 1;
      this.#take(JSON.parse(line) as HostEvent | Reply);
    }
    if (from < chunk.length) this.#parts.push(chunk.subarray(from));
  }

  #take(line: HostEvent | Reply): void {
    if ('event' in line) return this.#onEvent(line);
    const pending = this.#pending.get(line.id);
    if (line.error === undefined) pending?.resolve(line.ok);
    else pending?.reject(failureOf(line.error));
  }

  #note(chunk: Buffer): void {
    this.#stderr.push(...chunk.toString().split('\n'));
    this.#stderr.splice(0, this.#stderr.length - STDERR_LINES);
  }

  #words(): string {
    return `Its last words: ${this.#stderr.join('\n')}`;
  }

  #end(reason: string): void {
    this.#isGone = true;
    for (const pending of this.#pending.values()) {
      pending.reject(new Error(`The Go host gave no answer: ${reason}. ${this.#words()}`));
    }
  }
}

function failureOf(failure: Failure): Error {
  if (failure.kind === 'rpc') return new RpcFailure(failure.message);
  if (failure.kind !== 'grpc') return new HostFailure(failure.kind, failure.message);
  return new CallFailure(failure.code ?? 0, failure.message, failure.trailer ?? {}, failure.header ?? {});
}
