import type { Duplex } from 'node:stream';
import {
  AsyncSubject,
  catchError,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  merge,
  Observable,
  of,
  repeat,
  switchMap,
  take,
} from 'rxjs';
import { PluginError } from '../../errors.js';
import type { AttachedRunner } from '../../runners/runner.js';
import type { Exit } from '../../streams/lifecycle.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import type { Address } from '../../wire/handshake/address.js';
import type { SidecarOptions } from './sidecar.js';
import { movedPath, type PublishedPlugin } from './sidecar-file.js';
import { publications } from './sidecar-search.js';

/** Opens a connection to the plugin. Rejects when nobody listens there. */
export type DialPlugin = () => Promise<Duplex>;

/** How long after the end of a held connection the next is made. */
const AGAIN_MS = 100;

/** What the system says when nobody listens at a socket. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/**
 * A plugin that a sidecar has published. It has ended when its socket refuses connections, when it is published no more, or when another one
 * is published in its place. Over gRPC a connection is held, so that the end of the process is noticed at once; over net/rpc the plugin would take it for
 * a host, and the end of the conversation tells.
 */
export class SidecarRunner implements AttachedRunner {
  readonly id: string;
  readonly exit$: Observable<Exit>;
  readonly #directories: readonly [there: string, here: string];
  readonly #exit = new AsyncSubject<Exit>();
  readonly #alive = setInterval(() => {}, MAX_TIMER_MS);
  readonly #watching;

  constructor(options: SidecarOptions, { generation, directory, reattach }: PublishedPlugin, dial: DialPlugin) {
    this.id = generation;
    this.#directories = [directory, options.directory];
    this.exit$ = this.#exit.asObservable();
    const replaced$ = publications(options).pipe(
      filter(
        (publication) =>
          publication.status === 'missing' ||
          (publication.status === 'published' && publication.plugin.generation !== generation),
      ),
    );
    const refused$ = reattach.protocol === 'grpc' ? refusal(dial) : EMPTY;
    this.#watching = merge(replaced$, refused$)
      .pipe(take(1))
      .subscribe(() => this.#onGone());
  }

  pluginToHost(address: Address): Address {
    const [there, here] = this.#directories;
    return moved(address, there, here);
  }

  hostToPlugin(address: Address): Address {
    const [there, here] = this.#directories;
    return moved(address, here, there);
  }

  /** The plugin belongs to its sidecar. */
  async kill(): Promise<void> {
    this.release();
  }

  release(): void {
    clearInterval(this.#alive);
    this.#watching.unsubscribe();
  }

  ref(): void {
    this.#alive.ref();
  }

  unref(): void {
    this.#alive.unref();
  }

  #onGone(): void {
    clearInterval(this.#alive);
    // How it has ended is known where it ran.
    this.#exit.next({ code: null, signal: null });
    this.#exit.complete();
  }
}

/** Emits once, when nobody listens any more. Holds a connection, one after the other. Cold. */
function refusal(dial: DialPlugin): Observable<void> {
  return defer(dial).pipe(
    switchMap(untilClosed),
    ignoreElements(),
    catchError((error: unknown) => (isRefusal(error) ? of(undefined) : EMPTY)),
    repeat({ delay: () => loopTimer(AGAIN_MS, { ref: false }) }),
    take(1),
  );
}

function isRefusal(error: unknown): boolean {
  const cause: unknown = PluginError.is(error) ? error.cause : error;
  return cause instanceof Error && 'code' in cause && NOBODY.has(cause.code);
}

/** Completes with the connection; unsubscribing ends it. */
function untilClosed(connection: Duplex): Observable<never> {
  return new Observable((subscriber) => {
    connection.on('error', () => {}).once('close', () => subscriber.complete());
    connection.resume();
    if ('unref' in connection && typeof connection.unref === 'function') connection.unref();
    return () => void connection.destroy();
  });
}

function moved({ network, address }: Address, from: string, to: string): Address {
  return { network, address: network === 'unix' ? movedPath(address, from, to) : address };
}
