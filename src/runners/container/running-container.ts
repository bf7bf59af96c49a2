import type { Socket } from 'node:net';
import { AsyncSubject, firstValueFrom, type Observable } from 'rxjs';
import { errorMessage, StartError } from '../../errors.js';
import { settledWithin } from '../../streams/settled-within.js';
import type { Exit } from '../runner.js';
import type { ContainerEngine } from './engine.js';
import { memberOf, textOf } from './json.js';

/** How a container ended, as its engine reports it. The exit code after a signal is 128 and its number, as in a shell. */
export interface ContainerEnd {
  readonly exit: Exit;
  readonly outOfMemory: boolean;
  /** Whether this host killed it. */
  readonly killed: boolean;
  /** The engine's error message; empty without one. */
  readonly error: string;
}

const UNKNOWN_END: ContainerEnd = { exit: { code: null, signal: null }, outOfMemory: false, killed: false, error: '' };

/** Delay after a failed wait request: the engine may be restarting, and the container may survive that. */
const RETRY_MS = 1000;

/** Statuses after which the container is gone: removed, not found, being removed by another request. */
const REMOVED: ReadonlySet<number> = new Set([204, 404, 409]);

/** A started container: waits for its exit, and kills and removes it. */
export class RunningContainer {
  readonly id: string;
  readonly exit$: Observable<Exit>;
  readonly #engine: ContainerEngine;
  readonly #killTimeoutMs: number;
  readonly #exits = new AsyncSubject<Exit>();
  readonly #removed = new AbortController();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #referenced = true;
  #watched = false;
  #killing: Promise<void> | undefined;

  constructor(engine: ContainerEngine, id: string, killTimeoutMs: number) {
    this.#engine = engine;
    this.id = id;
    this.#killTimeoutMs = killTimeoutMs;
    this.exit$ = this.#exits.asObservable();
  }

  /** Begins to wait for the exit. `onEnd` is called at the exit; `exit$` emits when it has resolved. */
  watch(onEnd: (end: ContainerEnd) => Promise<void> = () => Promise.resolve()): void {
    this.#watched = true;
    void this.#waitForEnd().then(async (end) => {
      await onEnd(end);
      this.#emitExit(end.exit);
    });
  }

  /** Kills the container and removes it. Idempotent. Rejects with StartError ERR_KILL when it could not be removed. */
  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  /** Lets waiting keep the event loop alive, as it does from the start. */
  ref(): void {
    this.#referenced = true;
    this.#socket?.ref();
    this.#timer?.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#socket?.unref();
    this.#timer?.unref();
  }

  async #waitForEnd(): Promise<ContainerEnd> {
    const { signal } = this.#removed;
    while (!signal.aborted) {
      const response = await this.#engine
        .call('POST', `/containers/${this.id}/wait`, {
          timeoutMs: Number.POSITIVE_INFINITY,
          signal,
          onSocket: (socket) => {
            this.#socket = socket;
            if (!this.#referenced) socket.unref();
          },
        })
        .catch(() => undefined);
      if (response?.status === 404) return UNKNOWN_END;
      if (response?.status === 200) return await this.#describe(memberOf(response.body, 'StatusCode'));
      await this.#pause();
    }
    return UNKNOWN_END;
  }

  async #describe(status: unknown): Promise<ContainerEnd> {
    const code = Number.isInteger(status) ? (status as number) : null;
    const response = await this.#engine.call('GET', `/containers/${this.id}/json`).catch(() => undefined);
    const state = memberOf(response?.body, 'State');
    return {
      exit: { code, signal: null },
      outOfMemory: memberOf(state, 'OOMKilled') === true,
      killed: this.#killing !== undefined,
      error: textOf(state, 'Error') ?? '',
    };
  }

  async #pause(): Promise<void> {
    const { signal } = this.#removed;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(this.#timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#timer = setTimeout(done, signal.aborted ? 0 : RETRY_MS);
      if (!this.#referenced) this.#timer.unref();
    });
  }

  async #kill(): Promise<void> {
    try {
      // The response does not matter: it fails for a container that has exited.
      await this.#engine.call('POST', `/containers/${this.id}/kill`, { query: { signal: 'SIGKILL' } });
      await this.#exitInTime();
      const { status, message } = await this.#engine.call('DELETE', `/containers/${this.id}`, {
        query: { force: '1', v: '1' },
      });
      if (!REMOVED.has(status)) throw new Error(message);
    } catch (cause) {
      throw this.#stillThere(cause);
    } finally {
      this.#removed.abort();
      this.#emitExit(UNKNOWN_END.exit);
    }
  }

  /** Waits for the exit, for a limited time; a container that does not exit is removed by force. */
  async #exitInTime(): Promise<void> {
    if (!this.#watched) return;
    await settledWithin(this.#killTimeoutMs, firstValueFrom(this.#exits));
  }

  #emitExit(exit: Exit): void {
    this.#exits.next(exit);
    this.#exits.complete();
  }

  #stillThere(cause: unknown): StartError {
    const why = errorMessage(cause);
    return new StartError(
      'ERR_KILL',
      `The container ${this.id} could not be killed and removed: ${why}. Remove it by hand: \`docker rm -f ${this.id}\` or \`podman rm -f ${this.id}\`.`,
      { cause },
    );
  }
}
