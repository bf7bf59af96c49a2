import type { Socket } from 'node:net';
import { AsyncSubject, firstValueFrom, type Observable } from 'rxjs';
import { errorMessage, StartError } from '../../errors.js';
import { settledWithin } from '../../streams/settled-within.js';
import type { Exit } from '../runner.js';
import type { ContainerEngine } from './engine.js';
import { memberOf, textOf } from './json.js';

/** How a container ended, as its engine tells it. A signal shows as 128 and its number in the exit code, as in a shell. */
export interface ContainerEnd {
  readonly exit: Exit;
  readonly outOfMemory: boolean;
  /** Whether it was us who killed it. */
  readonly killed: boolean;
  /** The engine's own words, if something went wrong. */
  readonly error: string;
}

const UNKNOWN_END: ContainerEnd = { exit: { code: null, signal: null }, outOfMemory: false, killed: false, error: '' };

/** Until an engine is asked again that broke off waiting: it may be restarting, and the container may live through that. */
const RETRY_MS = 1000;

/** Answers that mean that the container is gone, or on its way: removed, not there, being removed by somebody else. */
const REMOVED: ReadonlySet<number> = new Set([204, 404, 409]);

/** A container that was started: waits for its end, and brings it about. */
export class ContainerLife {
  readonly id: string;
  readonly exit$: Observable<Exit>;
  readonly #engine: ContainerEngine;
  readonly #killTimeoutMs: number;
  readonly #exits = new AsyncSubject<Exit>();
  readonly #over = new AbortController();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holding = true;
  #watched = false;
  #killing: Promise<void> | undefined;

  constructor(engine: ContainerEngine, id: string, killTimeoutMs: number) {
    this.#engine = engine;
    this.id = id;
    this.#killTimeoutMs = killTimeoutMs;
    this.exit$ = this.#exits.asObservable();
  }

  /** Begins to wait. The exit is told when `onEnd`, which is called at the container's end, has resolved. */
  watch(onEnd: (end: ContainerEnd) => Promise<void> = () => Promise.resolve()): void {
    this.#watched = true;
    void this.#ended().then(async (end) => {
      await onEnd(end);
      this.#tell(end.exit);
    });
  }

  /** Kills the container and removes it. Idempotent. Rejects with StartError ERR_KILL when it is still there in the end. */
  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  /** Whether waiting keeps the event loop alive. */
  hold(holding: boolean): void {
    this.#holding = holding;
    for (const holder of [this.#socket, this.#timer]) {
      if (holding) holder?.ref();
      else holder?.unref();
    }
  }

  async #ended(): Promise<ContainerEnd> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const answer = await this.#engine
        .call('POST', `/containers/${this.id}/wait`, {
          timeoutMs: Number.POSITIVE_INFINITY,
          signal,
          onSocket: (socket) => {
            this.#socket = socket;
            this.hold(this.#holding);
          },
        })
        .catch(() => undefined);
      if (answer?.status === 404) return UNKNOWN_END;
      if (answer?.status === 200) return await this.#describe(memberOf(answer.body, 'StatusCode'));
      await this.#pause();
    }
    return UNKNOWN_END;
  }

  async #describe(status: unknown): Promise<ContainerEnd> {
    const code = Number.isInteger(status) ? (status as number) : null;
    const answer = await this.#engine.call('GET', `/containers/${this.id}/json`).catch(() => undefined);
    const state = memberOf(answer?.body, 'State');
    return {
      exit: { code, signal: null },
      outOfMemory: memberOf(state, 'OOMKilled') === true,
      killed: this.#killing !== undefined,
      error: textOf(state, 'Error') ?? '',
    };
  }

  async #pause(): Promise<void> {
    const { signal } = this.#over;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(this.#timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#timer = setTimeout(done, signal.aborted ? 0 : RETRY_MS);
      this.hold(this.#holding);
    });
  }

  async #kill(): Promise<void> {
    try {
      // Whatever it answers: a container that does not run is as good as killed.
      await this.#engine.call('POST', `/containers/${this.id}/kill`, { query: { signal: 'SIGKILL' } });
      await this.#exitInTime();
      const { status, message } = await this.#engine.call('DELETE', `/containers/${this.id}`, {
        query: { force: '1', v: '1' },
      });
      if (!REMOVED.has(status)) throw new Error(message);
    } catch (cause) {
      throw this.#stillThere(cause);
    } finally {
      this.#over.abort();
      this.#tell(UNKNOWN_END.exit);
    }
  }

  /** Waits for the exit to be told; in vain for a container that will not go, which is then removed by force. */
  async #exitInTime(): Promise<void> {
    if (!this.#watched) return;
    await settledWithin(this.#killTimeoutMs, firstValueFrom(this.#exits));
  }

  #tell(exit: Exit): void {
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
