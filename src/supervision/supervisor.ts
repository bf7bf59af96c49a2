import {
  distinctUntilChanged,
  EMPTY,
  filter,
  firstValueFrom,
  map,
  merge,
  type Observable,
  observeOn,
  queueScheduler,
  ReplaySubject,
  Subject,
  Subscription,
  switchMap,
} from 'rxjs';
import { PluginError } from '../errors.js';
import { loopTimer } from '../streams/loop-timeout.js';
import { setImmediate } from '../streams/turns.js';
import type { SupervisorEvent } from './events.js';
import { Generation, type GenerationContext, type GenerationEnd } from './generation.js';
import type { HealthReport } from './health.js';
import { type Observation, observe } from './observe.js';
import { isPermanent } from './permanent.js';
import { type PluginUsage, usageOf } from './recycling.js';
import { INITIAL, type Input, type Model, reduce, stateOf } from './reducer.js';
import type { GenerationStop, StopCause, SupervisorState } from './state.js';
import { closed, endedStatus, replaced, unhealthy } from './statuses.js';

/** A wait that does not keep the process alive: who waits for the plugin does. */
const quietly = (ms: number): Observable<void> => loopTimer(ms, { ref: false });

/** The outcome of a start. */
interface Outcome {
  readonly generation: number;
  readonly error?: PluginError;
}

/**
 * Runs one generation of a plugin after the other, as the reducer says: it starts the generations that the model names, ends those that
 * it names no more, and feeds what happens to them back.
 */
export class Supervisor {
  readonly state$: Observable<SupervisorState>;
  readonly events$: Observable<SupervisorEvent>;
  /** Emits the generation that takes calls, each time that it does so again. */
  readonly available$: Observable<Generation>;
  readonly usage$: Observable<PluginUsage>;
  readonly #published = new Subject<SupervisorState>();
  readonly #states = new ReplaySubject<SupervisorState>(1);
  readonly #events = new Subject<SupervisorEvent>();
  readonly #available = new Subject<Generation>();
  readonly #outcomes = new Subject<Outcome>();
  readonly #context: GenerationContext;
  readonly #generations = new Map<number, Generation>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #lifetime = new Subscription();
  /** The wait before a restart, or before a plugin that has failed is tried again. */
  #waiting = Subscription.EMPTY;
  #model: Model = INITIAL;
  readonly #inputs: Input[] = [];
  #isBusy = false;
  #uses = 0;
  #stopping: Promise<void> | undefined;

  constructor(context: GenerationContext) {
    this.#context = context;
    this.#published.pipe(observeOn(queueScheduler)).subscribe(this.#states);
    this.state$ = this.#states.asObservable();
    this.events$ = this.#events.asObservable();
    this.available$ = this.#available.asObservable();
    this.#published.next(stateOf(INITIAL));
    this.usage$ = this.#states.pipe(
      map(() => this.current),
      distinctUntilChanged(),
      switchMap((current) =>
        current === undefined ? EMPTY : usageOf(current.usage, quietly, context.supervision.sampleMs),
      ),
    );
    const { reloadOn, start } = context.supervision;
    this.#lifetime.add(
      reloadOn?.subscribe({
        next: () => this.send({ type: 'reload' }),
        error: (error: unknown) => this.tell({ type: 'watch-failed', error }),
      }),
    );
    if (start === 'eager') setImmediate(() => this.send({ type: 'wanted' }));
  }

  get state(): SupervisorState {
    return stateOf(this.#model);
  }

  /** The generation that serves, whether calls can be made on it or not. */
  get current(): Generation | undefined {
    return this.#model.current === undefined ? undefined : this.#generations.get(this.#model.current);
  }

  /** All that may have calls open, those that end included. */
  get generations(): Iterable<Generation> {
    return this.#generations.values();
  }

  /** The generation for a call. Starts one if nothing runs. */
  pick(): Generation | undefined {
    this.#uses++;
    const { current } = this;
    if (current?.isAvailable === true) return current;
    if (this.#model.status === 'idle') this.send({ type: 'wanted' });
    return undefined;
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

  /** Resolves when the generation that this starts serves. Rejects with why it does not. */
  async reload(): Promise<void> {
    const { last } = this.#model;
    this.send({ type: 'reload' });
    // Within a notification it is carried out afterwards.
    const wanted = Math.max(this.#model.last, last + 1);
    const ended$ = this.state$.pipe(
      filter(({ status }) => status === 'stopping' || status === 'stopped'),
      map((): Outcome => ({ generation: wanted, error: closed() })),
    );
    const outcome$ = merge(this.#outcomes, ended$).pipe(filter(({ generation }) => generation >= wanted));
    const { error } = await this.#holdingProcess(firstValueFrom(outcome$));
    if (error !== undefined) throw error;
  }

  /** Resolves when a generation serves; starts one if nothing runs. Rejects when it is given up or stopped. */
  async ready(): Promise<Generation> {
    this.send({ type: 'wanted' });
    const { current } = this;
    if (current?.isAvailable === true) return current;
    const failed$ = this.state$.pipe(
      filter(({ status }) => status === 'failed' || status === 'stopping' || status === 'stopped'),
      map((state) => (state.status === 'failed' ? state.error : closed())),
    );
    const found = await this.#holdingProcess(firstValueFrom(merge(this.#available, failed$)));
    if (PluginError.is(found)) throw found;
    return found;
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
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
    this.send({ type: 'ended' });
    this.#published.complete();
    this.#events.complete();
    this.#available.complete();
    this.#outcomes.complete();
  }

  #step(input: Input): void {
    const before = this.#model;
    const after = reduce(before, input, this.#context.supervision.policy);
    if (after === before) return;
    this.#model = after;
    this.#schedule(before, after);
    if (after.next !== undefined && !this.#generations.has(after.next)) this.#begin(after.next);
    for (const generation of this.#generations.values()) {
      if (generation.isEnding || [after.current, after.next].includes(generation.generation)) continue;
      this.#retire(generation, after);
    }
    this.#published.next(stateOf(after));
    this.#announce();
  }

  /** Whoever waits for a generation is told. */
  #announce(): void {
    const { current } = this;
    if (current?.isAvailable === true) this.#available.next(current);
  }

  #schedule(before: Model, { status, retryInMs }: Model): void {
    const { cooldownMs } = this.#context.supervision;
    if (status === before.status) return;
    this.#waiting.unsubscribe();
    if (status === 'waiting') this.#waiting = quietly(retryInMs).subscribe(() => this.send({ type: 'retry' }));
    if (status === 'failed' && cooldownMs !== undefined)
      this.#waiting = quietly(cooldownMs).subscribe(() => this.send({ type: 'reset' }));
  }

  #begin(number: number): void {
    const generation = new Generation(number, this.#context);
    const { stopFirst } = this.#context.supervision.policy;
    this.#generations.set(number, generation);
    const after = stopFirst ? Promise.resolve().then(() => Promise.all(this.#leaving)) : Promise.resolve();
    generation.start(after).then(
      () => this.#onStarted(generation),
      (error: PluginError) => this.#onFailed(generation, error),
    );
  }

  #onStarted(generation: Generation): void {
    if (generation.isEnding) return;
    generation.watching.add(generation.stopped$.subscribe((stop) => void this.#onStopped(generation, stop)));
    generation.watching.add(generation.connected$.subscribe(() => this.#announce()));
    const observed$ = observe(generation, this.#context.supervision, () => this.#uses, quietly);
    generation.watching.add(observed$.subscribe((observation) => this.#onObservation(generation, observation)));
    this.send({ type: 'started', generation: generation.generation });
    this.tell({ type: 'started', generation: generation.generation });
    this.#outcomes.next({ generation: generation.generation });
  }

  async #onFailed(generation: Generation, error: PluginError): Promise<void> {
    const stop = await generation.describeStop('failed-start', error);
    if (generation.isEnding) return;
    const isReload = this.#model.current !== undefined;
    if (isReload) this.tell({ type: 'reload-failed', generation: generation.generation, error });
    this.#record(stop, isPermanent(error));
    this.#outcomes.next({ generation: generation.generation, error });
  }

  async #onStopped(generation: Generation, end: GenerationEnd): Promise<void> {
    // `cleanupClients`, for instance: the application ends its plugins.
    if (end === 'asked') return await this.stop();
    const stop = await generation.describeStop(end.cause, end.error);
    if (!generation.isEnding) this.#record(stop);
  }

  #record(stop: GenerationStop, permanent = false): void {
    this.send({ type: 'stopped', stop, permanent });
    this.tell({ type: 'stopped', generation: stop.generation, stop });
  }

  #onObservation(generation: Generation, observation: Observation): void {
    switch (observation.type) {
      case 'health':
        return this.#onHealth(generation, observation.report);
      case 'unused':
        return this.send({ type: 'unused' });
      case 'due':
        this.tell({ type: 'recycled', generation: generation.generation, cause: observation.cause });
        return this.send({ type: 'reload' });
      case 'over-limit':
        return void this.#condemn(generation, 'memory');
    }
  }

  #onHealth(generation: Generation, report: HealthReport): void {
    if (report.status === 'dead') return void this.#condemn(generation, report.cause);
    generation.isHeld = report.status === 'not-serving' && this.#context.supervision.health?.notServing !== 'ignore';
    this.send({ type: 'health', generation: generation.generation, health: report });
  }

  /** Kills a generation that lives and is of no use. */
  async #condemn(generation: Generation, cause: StopCause): Promise<void> {
    if (generation.isEnding) return;
    const error = unhealthy(cause);
    generation.isHeld = true;
    const stop = await generation.describeStop(cause, error);
    generation.condemned = error;
    this.#record(stop);
  }

  /** A generation that is named no more: calls of one that was replaced may go on for a while. */
  #retire(generation: Generation, { status }: Model): void {
    const { drainMs } = this.#context.supervision;
    const isGone = status === 'stopping' || generation.condemned !== undefined;
    const because = generation.condemned ?? (status === 'stopping' ? closed() : replaced(drainMs));
    const leaving = generation
      .drain(isGone ? 0 : drainMs, () => endedStatus(because, 'unknown'))
      .then(() => {
        this.#leaving.delete(leaving);
        this.#generations.delete(generation.generation);
        this.tell({ type: 'ended', generation: generation.generation });
      });
    this.#leaving.add(leaving);
  }

  /** A timer that keeps the process alive for those who wait for the plugin. */
  async #holdingProcess<T>(promise: Promise<T>): Promise<T> {
    const hold = setInterval(() => {}, HOLD_MS);
    try {
      return await promise;
    } finally {
      clearInterval(hold);
    }
  }
}

const HOLD_MS = 1 << 30;
