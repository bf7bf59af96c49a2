import {
  defer,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  map,
  merge,
  type Observable,
  observeOn,
  of,
  queueScheduler,
  ReplaySubject,
  Subject,
  Subscription,
  switchMap,
} from 'rxjs';
import type { PluginError } from '../errors.js';
import { firstUnless } from '../streams/first-unless.js';
import { loopTimer } from '../streams/loop-timeout.js';
import { setImmediate } from '../streams/turns.js';
import { createRouter, type RoutedCall, type Router } from './calls/router.js';
import type { SupervisorEvent } from './events.js';
import { Generation, type GenerationContext } from './generation.js';
import { type LifeListener, live } from './life.js';
import { stateOf } from './published-state.js';
import { type PluginUsage, usageOf } from './recycling.js';
import { type Input, initialModel, isIdle, isReloaded, type Model, reduce, type Slot } from './reducer.js';
import type { SupervisorState } from './state.js';
import { closed, endedStatus, replaced } from './statuses.js';
import { whenTooMany } from './unused.js';

/** A wait that does not keep the process alive: who waits for the plugin does. */
const quietly = (ms: number): Observable<void> => loopTimer(ms, { ref: false });

/**
 * Runs the generations of a plugin as the reducer says: it starts those that the model names, ends those that it names no more, and feeds
 * what happens to them back.
 */
export class Supervisor {
  readonly state$: Observable<SupervisorState>;
  readonly events$: Observable<SupervisorEvent>;
  /** Emits when calls that found no generation may find one. */
  readonly available$: Observable<void>;
  readonly usage$: Observable<PluginUsage>;
  readonly #published = new Subject<SupervisorState>();
  readonly #states = new ReplaySubject<SupervisorState>(1);
  readonly #events = new Subject<SupervisorEvent>();
  readonly #available = new Subject<void>();
  /** Starts that failed. */
  readonly #failures = new Subject<{ readonly generation: number; readonly error: PluginError }>();
  readonly #context: GenerationContext;
  readonly #listener: LifeListener;
  readonly #route: Router;
  readonly #generations = new Map<number, Generation>();
  /** Those that serve, in the order of their places. */
  #members: readonly Generation[] = [];
  readonly #leaving = new Map<Generation, Promise<void>>();
  readonly #lifetime = new Subscription();
  /** The waits of slots before their next start, or before they are tried again. */
  readonly #waits = new Map<number, Subscription>();
  #model: Model;
  readonly #inputs: Input[] = [];
  #isBusy = false;
  #uses = 0;
  #stopping: Promise<void> | undefined;

  constructor(context: GenerationContext) {
    const { supervision } = context;
    this.#context = context;
    this.#model = initialModel(supervision.policy);
    this.#route = createRouter(supervision.router);
    this.#published.pipe(observeOn(queueScheduler)).subscribe(this.#states);
    this.state$ = this.#states.asObservable();
    this.events$ = this.#events.asObservable();
    this.available$ = this.#available.asObservable();
    this.#published.next(this.state);
    this.usage$ = this.#states.pipe(
      map(() => this.#members),
      distinctUntilChanged(),
      switchMap((members) => merge(...members.map(({ usage }) => usageOf(usage, quietly, supervision.sampleMs)))),
    );
    this.#listener = this.#listen();
    this.#observe();
    if (supervision.start === 'eager') setImmediate(() => this.send({ type: 'wanted' }));
  }

  get state(): SupervisorState {
    return stateOf(this.#model, (generation) => this.#generations.get(generation)?.named.version);
  }

  /** Whether there may be several generations that serve. */
  get isPool(): boolean {
    return this.#context.supervision.pool.max > 1;
  }

  /** A generation that serves, whether calls can be made on it or not; rather one on which they can. */
  get current(): Generation | undefined {
    return this.#serving ?? this.#members[0];
  }

  /** All that may have calls open, those that end included. */
  get generations(): Iterable<Generation> {
    return this.#generations.values();
  }

  /** The generation for a call; undefined when it has to wait. Starts one if nothing runs. Throws what the user's router throws. */
  pick(call: RoutedCall): Generation | undefined {
    this.#uses++;
    const { scaleUpAtCalls, max } = this.#context.supervision.pool;
    const chosen = this.#route(this.#members, call);
    if (chosen === undefined) {
      if (isIdle(this.#model)) this.send({ type: 'wanted' });
    } else if (this.#members.length < max && this.#members.every((member) => member.openCalls >= scaleUpAtCalls))
      this.send({ type: 'grow' });
    return chosen;
  }

  tell(event: SupervisorEvent): void {
    this.#events.next(event);
  }

  send(input: Input): void {
    this.#inputs.push(input);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    this.#isBusy = false;
  }

  /** Resolves when only generations serve that this starts. Rejects with why one does not. */
  async reload(): Promise<void> {
    const { last } = this.#model;
    this.send({ type: 'reload' });
    // Within a notification it is carried out afterwards.
    const fresh = Math.max(this.#model.fresh, last + 1);
    const done$ = this.#published.pipe(filter(() => isReloaded(this.#model, fresh)));
    const failed$ = this.#failures.pipe(
      filter(({ generation }) => generation >= fresh),
      map(({ error }) => error),
    );
    await firstValueFrom(firstUnless(done$, merge(failed$, this.#end$())));
  }

  /** Emits once, when a generation serves; starts one if nothing runs. Cold; errors when it is given up or stopped. */
  ready$(): Observable<Generation> {
    return defer(() => {
      this.send({ type: 'wanted' });
      return this.#found(() => this.#serving);
    });
  }

  /** The generation for a call, when there is one. Cold; errors as `ready$` does. */
  serving$(call: RoutedCall): Observable<Generation> {
    return defer(() => this.#found(() => this.pick(call)));
  }

  /** Ends everything. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#lifetime.unsubscribe();
    this.send({ type: 'stop' });
    for (const generation of this.#generations.values()) generation.hurry();
    while (this.#leaving.size > 0) await Promise.all(this.#leaving.values());
    this.send({ type: 'ended' });
    this.#published.complete();
    for (const subject of [this.#events, this.#available, this.#failures]) subject.complete();
  }

  get #serving(): Generation | undefined {
    return this.#members.find(({ isAvailable }) => isAvailable);
  }

  #listen(): LifeListener {
    return {
      supervision: this.#context.supervision,
      wait: quietly,
      uses: () => this.#uses,
      isBusy: () => this.#members.some(({ isBusy }) => isBusy),
      send: (input) => this.send(input),
      tell: (event) => this.tell(event),
      available: () => this.#available.next(),
      failed: (generation, error) => this.#onFailed(generation, error),
      stop: () => this.stop(),
    };
  }

  #observe(): void {
    const { reloadOn, pool } = this.#context.supervision;
    this.#lifetime.add(
      reloadOn?.subscribe({
        // What does not run has nothing to replace: its next start takes what there is then.
        next: () => isIdle(this.#model) || this.send({ type: 'reload' }),
        error: (error: unknown) => this.tell({ type: 'watch-failed', error }),
      }),
    );
    if (pool.min < pool.max)
      this.#lifetime.add(
        whenTooMany(() => this.#members, pool, quietly).subscribe(() => this.send({ type: 'shrink' })),
      );
  }

  #step(input: Input): void {
    const before = this.#model;
    const after = reduce(before, input, this.#context.supervision.policy);
    if (after === before) return;
    this.#model = after;
    this.#schedule(before.slots, after.slots);
    for (const [place, { next }] of after.slots.entries())
      if (next !== undefined && !this.#generations.has(next)) this.#begin(next, place);
    const wanted = new Set(after.slots.flatMap(({ current, next }) => [current, next]));
    for (const generation of this.#generations.values())
      if (!generation.isEnding && !wanted.has(generation.generation)) this.#retire(generation, after);
    this.#members = after.slots.flatMap(({ current = 0 }) => this.#generations.get(current) ?? []);
    this.#published.next(this.state);
    if (this.#serving !== undefined) this.#available.next();
  }

  /** A slot whose wait has changed waits anew, or no more. */
  #schedule(before: readonly Slot[], after: readonly Slot[]): void {
    const { cooldownMs } = this.#context.supervision;
    for (let slot = 0; slot < Math.max(before.length, after.length); slot++) {
      const { retryInMs, isGivenUp } = after[slot] ?? {};
      if (before[slot]?.retryInMs === retryInMs && before[slot]?.isGivenUp === isGivenUp) continue;
      this.#waits.get(slot)?.unsubscribe();
      const waitMs = retryInMs ?? (isGivenUp === true ? cooldownMs : undefined);
      const then: Input = retryInMs === undefined ? { type: 'reset' } : { type: 'retry', slot };
      if (waitMs !== undefined)
        this.#waits.set(
          slot,
          quietly(waitMs).subscribe(() => this.send(then)),
        );
    }
  }

  #begin(number: number, place: number): void {
    const generation = new Generation(number, place, this.#context);
    const { stopFirst } = this.#context.supervision.policy;
    this.#generations.set(number, generation);
    const after = stopFirst ? Promise.resolve().then(() => this.#left(place)) : Promise.resolve();
    void live(generation, after, this.#listener);
  }

  /** Resolves when nothing is left of those that were at this place. */
  async #left(place: number): Promise<void> {
    const there = [...this.#leaving].filter(([generation]) => generation.place === place);
    await Promise.all(there.map(([, leaving]) => leaving));
  }

  #onFailed({ generation, place }: Generation, error: PluginError): void {
    if (this.#model.slots[place]?.current !== undefined) this.tell({ type: 'reload-failed', generation, error });
    this.#failures.next({ generation, error });
  }

  /** A generation that is named no more: calls of one that was replaced may go on for a while. */
  #retire(generation: Generation, { status }: Model): void {
    const { drainMs } = this.#context.supervision;
    const isGone = status === 'stopping' || generation.condemned !== undefined;
    const because = generation.condemned ?? (status === 'stopping' ? closed() : replaced(drainMs));
    const leaving = generation
      .drain(isGone ? 0 : drainMs, () => endedStatus(because, 'unknown'))
      .then(() => {
        this.#leaving.delete(generation);
        this.#generations.delete(generation.generation);
        this.tell({ type: 'ended', generation: generation.generation });
      });
    this.#leaving.set(generation, leaving);
  }

  /** Why nothing serves any more; emits once that is so. */
  #end$(): Observable<PluginError> {
    return this.state$.pipe(
      filter(({ status }) => status === 'stopping' || status === 'stopped'),
      map(() => closed()),
    );
  }

  #found(find: () => Generation | undefined): Observable<Generation> {
    const now = find();
    if (now !== undefined) return of(now);
    const given$ = this.state$.pipe(
      filter((state) => state.status === 'failed'),
      map(({ error }) => error),
    );
    const found$ = this.#available.pipe(
      map(find),
      filter((generation) => generation !== undefined),
    );
    return firstUnless(found$, merge(given$, this.#end$()));
  }
}
