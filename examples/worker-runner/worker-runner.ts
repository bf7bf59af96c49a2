import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { AsyncSubject, firstValueFrom } from 'rxjs';
import { type Exit, type Runner, type RunnerFactory, StartError } from 'rxplug';
import type { Address } from 'rxplug/transport';

/** Runs plugins in worker threads of the host's process, each with its own environment. */
export function workerRunner(file: URL): RunnerFactory {
  return ({ env }) => new WorkerRunner(file, env);
}

class WorkerRunner implements Runner {
  readonly name: string;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly #exit = new AsyncSubject<Exit>();
  readonly exit$ = this.#exit.asObservable();
  readonly #file: URL;
  readonly #env: Readonly<Record<string, string>>;
  #worker: Worker | undefined;

  constructor(file: URL, env: Readonly<Record<string, string>>) {
    this.name = file.pathname;
    this.#file = file;
    this.#env = env;
  }

  get id(): string {
    return this.#worker === undefined ? '' : `thread ${this.#worker.threadId}`;
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const worker = new Worker(this.#file, { env: { ...this.#env }, stdout: true, stderr: true });
    this.#worker = worker;
    worker.stdout.pipe(this.stdout);
    worker.stderr.pipe(this.stderr);
    worker.on('error', (error: Error) => this.stderr.write(`${error.stack}\n`));
    worker.once('exit', (code) => void this.#onExit(worker, code));
    try {
      await once(worker, 'online', { signal });
    } catch (cause) {
      await this.kill();
      throw new StartError('ERR_SPAWN', `The thread of ${this.name} did not start.`, { cause });
    }
  }

  async kill(): Promise<void> {
    await this.#worker?.terminate();
    if (this.#worker === undefined) this.#emitExit({ code: null, signal: null });
    await firstValueFrom(this.#exit);
  }

  diagnose(): Promise<string> {
    return Promise.resolve(`Look at the last lines of stderr, and whether ${this.name} is a plugin.`);
  }

  /** A thread uses the same addresses as the host. */
  pluginToHost(address: Address): Address {
    return address;
  }

  hostToPlugin(address: Address): Address {
    return address;
  }

  ref(): void {
    this.#worker?.ref();
  }

  unref(): void {
    this.#worker?.unref();
  }

  /** Emits the exit after both streams have ended, so that no output is lost. */
  async #onExit({ stdout, stderr }: Worker, code: number): Promise<void> {
    const unfinished = [stdout, stderr].filter(({ readableEnded }) => !readableEnded);
    await Promise.all(unfinished.map((stream) => once(stream, 'end')));
    this.#emitExit({ code, signal: null });
  }

  #emitExit(exit: Exit): void {
    this.stdout.end();
    this.stderr.end();
    this.#exit.next(exit);
    this.#exit.complete();
  }
}
