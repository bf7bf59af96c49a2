import { defer, Observable, switchMap } from 'rxjs';
import { PluginError } from '../errors.js';
import type { CallStatus } from '../protocols/grpc/shared/status.js';
import type { NetRpcClientContext } from '../protocols/netrpc/contract.js';
import type { NetRpcClient } from '../protocols/netrpc/rpc-client.js';
import { settledWithin } from '../streams/settled-within.js';
import type { GobSchema } from '../wire/gob/index.js';
import type { Generation } from './generation.js';
import type { ResolvedSupervision } from './options.js';
import { noGeneration } from './statuses.js';
import type { Supervisor } from './supervisor.js';
import type { OpenCall } from './switched-call.js';

/**
 * A net/rpc client that outlives the generations: in each it dispenses its plugin once, with the first call. A call that was sent is never
 * made again.
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
    return defer(() => this.#rpc()).pipe(
      switchMap(({ rpc, generation }) => counted(generation, rpc.call(serviceMethod, args, value, reply))),
    );
  }

  /** The streams of the generations are closed with them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The client in the generation that serves. One that ends while it is asked for it is left for the next. */
  async #rpc(): Promise<{ rpc: NetRpcClient; generation: Generation }> {
    for (;;) {
      const generation = this.#supervisor.pick() ?? (await this.#serving());
      try {
        return { rpc: await this.#dispense(generation), generation };
      } catch (error) {
        this.#dispensed.delete(generation);
        if (generation.isAvailable) throw error;
      }
    }
  }

  async #serving(): Promise<Generation> {
    const { policy, limitMs } = this.#options.whenDown;
    const { state } = this.#supervisor;
    const isFirst = state.status === 'idle' || (state.status === 'starting' && state.attempt === 1);
    if (policy === 'fail' && !isFirst && state.status !== 'failed') throw noGeneration(state, 0);
    const ready = this.#supervisor.ready();
    if (await settledWithin(limitMs, ready)) return await ready;
    throw noGeneration(this.#supervisor.state, limitMs);
  }

  #dispense(generation: Generation): Promise<NetRpcClient> {
    const known = this.#dispensed.get(generation);
    if (known !== undefined) return known;
    const made = generation.client.context(this.#name).then((context) => (context as NetRpcClientContext).rpc);
    this.#dispensed.set(generation, made);
    return made;
  }
}

/** The call, as an open one of its generation. */
function counted<T>(generation: Generation, call$: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const open: OpenCall = {
      interrupt: ({ cause, detail }: CallStatus) => subscriber.error(PluginError.is(cause) ? cause : new Error(detail)),
    };
    generation.made++;
    generation.calls.add(open);
    subscriber.add(() => generation.calls.delete(open));
    const answered = (): void => void generation.answers++;
    subscriber.add(
      call$.subscribe({
        next: (value) => {
          answered();
          subscriber.next(value);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
  });
}
