import { catchError, defer, map, mergeMap, type Observable, of, raceWith, switchMap, throwError } from 'rxjs';
import { PluginError } from '../errors.js';
import type { NetRpcClientContext } from '../protocols/netrpc/contract.js';
import type { NetRpcClient } from '../protocols/netrpc/rpc-client.js';
import { loopTimer } from '../streams/loop-timeout.js';
import type { GobSchema } from '../wire/gob/index.js';
import { counted } from './calls/open-call.js';
import { MAX_REPLAYS, mayReplay } from './calls/replay.js';
import type { RoutedCall } from './calls/router.js';
import type { Generation } from './generation.js';
import type { ResolvedSupervision } from './options.js';
import { noGeneration } from './statuses.js';
import type { Supervisor } from './supervisor.js';

/**
 * A net/rpc client that outlives the generations: in each it dispenses its plugin once, with the first call. A call that the end of its
 * generation interrupts is made again by the same rules as over gRPC; no method is declared idempotent here.
 */
export class SwitchingRpc implements NetRpcClient {
  readonly closed: Promise<PluginError | undefined>;
  readonly #name: string;
  readonly #supervisor: Supervisor;
  readonly #options: ResolvedSupervision;
  readonly #dispensed = new WeakMap<Generation, Promise<NetRpcClient>>();
  #onClosed!: () => void;
  #isClosed = false;

  constructor(name: string, supervisor: Supervisor, options: ResolvedSupervision) {
    this.#name = name;
    this.#supervisor = supervisor;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#onClosed = () => resolve(undefined);
    });
  }

  get pendingCalls(): number {
    return this.#supervisor.current?.calls.size ?? 0;
  }

  get isOver(): boolean {
    return this.#isClosed || this.#supervisor.state.status === 'stopped';
  }

  call<Args, Reply>(
    serviceMethod: string,
    args: GobSchema<Args>,
    value: NoInfer<Args>,
    reply: GobSchema<Reply>,
  ): Observable<Reply> {
    return defer(() => {
      let replays = 0;
      const attempt$: Observable<Reply> = this.#rpc$({ path: serviceMethod }).pipe(
        switchMap(({ rpc, generation }) => {
          const call$ = counted(generation, rpc.call(serviceMethod, args, value, reply));
          return call$.pipe(
            catchError((error: unknown) => {
              if (replays++ < MAX_REPLAYS && this.#mayReplay(serviceMethod, generation, error)) return attempt$;
              throw error;
            }),
          );
        }),
      );
      return attempt$;
    });
  }

  /** The streams of the generations are closed with them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** An error that tells what was delivered comes of the end of the connection, or of the generation: nothing was answered. */
  #mayReplay(path: string, generation: Generation, error: unknown): boolean {
    const delivery = PluginError.is(error) ? error.details.delivery : undefined;
    if (delivery === undefined) return false;
    const call = { path, generation: generation.generation, delivery, idempotent: false };
    if (!mayReplay(this.#options.replay, call)) return false;
    // Its stream is gone, if not its process.
    this.#dispensed.delete(generation);
    this.#supervisor.tell({ type: 'replayed', generation: generation.generation, path });
    return true;
  }

  /** The client in the generation that serves. One that ends while it is asked for it is left for the next. */
  #rpc$(call: RoutedCall): Observable<{ rpc: NetRpcClient; generation: Generation }> {
    return this.#serving$(call).pipe(
      switchMap((generation) =>
        defer(() => this.#dispense(generation)).pipe(
          map((rpc) => ({ rpc, generation })),
          catchError((error: unknown) => {
            this.#dispensed.delete(generation);
            if (generation.isAvailable) throw error;
            return this.#rpc$(call);
          }),
        ),
      ),
    );
  }

  #serving$(call: RoutedCall): Observable<Generation> {
    return defer(() => {
      const chosen = this.#supervisor.pick(call);
      if (chosen !== undefined) return of(chosen);
      const { policy, limitMs } = this.#options.whenDown;
      const { state } = this.#supervisor;
      const isFirst = state.status === 'idle' || (state.status === 'starting' && state.attempt === 1);
      if (policy === 'fail' && !isFirst && state.status !== 'failed') throw noGeneration(state, 0);
      const late$ = loopTimer(limitMs).pipe(
        mergeMap(() => throwError(() => noGeneration(this.#supervisor.state, limitMs))),
      );
      return this.#supervisor.serving$(call).pipe(raceWith(late$));
    });
  }

  #dispense(generation: Generation): Promise<NetRpcClient> {
    const known = this.#dispensed.get(generation);
    if (known !== undefined) return known;
    const made = generation.client.context(this.#name).then((context) => (context as NetRpcClientContext).rpc);
    this.#dispensed.set(generation, made);
    return made;
  }
}
