import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { AsyncSubject, firstValueFrom } from 'rxjs';
import { type Exit, type Runner, type RunnerFactory, StartError } from 'rxplug';
import type { Address } from 'rxplug/transport';

/** Runs plugins in threads of the host's process, with an environment of their own. */
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
    worker.once('exit', (code) => void this.#ended(worker, code));
    try {
      await once(worker, 'online', { signal });
    } catch (cause) {
      await this.kill();
      throw new StartError('ERR_SPAWN', `The thread of ${this.name} did not start.`, { cause });
    }
  }

  async kill(): Promise<void> {
    await this.#worker?.terminate();
    if (this.#worker === undefined) this.#tell({ code: null, signal: null });
    await firstValueFrom(this.#exit);
  }

  diagnose(): Promise<string> {
    return Promise.resolve(`Look at the last lines of stderr, and whether ${this.name} is a plugin.`);
  }

  /** A thread sees the same sockets as its host. */
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

  /** The exit is told last: by then the streams hold what the plugin wrote. */
  async #ended({ stdout, stderr }: Worker, code: number): Promise<void> {
    const unfinished = [stdout, stderr].filter(({ readableEnded }) => !readableEnded);
    await Promise.all(unfinished.map((stream) => once(stream, 'end')));
    this.#tell({ code, signal: null });
  }

  #tell(exit: Exit): void {
    this.stdout.end();
    this.stderr.end();
    this.#exit.next(exit);
    this.#exit.complete();
  }
}
