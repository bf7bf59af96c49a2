import {
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  map,
  merge,
  type Observable,
  Subscription,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { errorMessage, PluginError, StartError, SupervisionError } from '../errors.js';
import { type ClientOptions, DEFAULT_CLIENT_OPTIONS } from '../host/options.js';
import type { HostPartsSource } from '../host/parts.js';
import { exitedUnexpectedly } from '../host/start/start-errors.js';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import type { GrpcClientContext } from '../protocols/grpc/contract.js';
import type { CallStatus } from '../protocols/grpc/shared/status.js';
import { firstUnless } from '../streams/first-unless.js';
import type { Exit } from '../streams/lifecycle.js';
import { loopTimer } from '../streams/loop-timeout.js';
import { settledWithin } from '../streams/settled-within.js';
import { OpenCalls } from './calls/open-call.js';
import type { Routable } from './calls/router.js';
import type { CallMember } from './calls/switched-call.js';
import type { Answer, HealthSubject } from './health.js';
import { MemberClient } from './member-client.js';
import { grpcHealth } from './member-health.js';
import type { ResolvedSupervision } from './options.js';
import type { UsageSubject } from './recycling.js';
import type { GenerationStop, StopCause } from './state.js';

/** What all generations of a plugin have in common. */
export interface GenerationContext {
  readonly options: ClientOptions;
  readonly parts: HostPartsSource;
  readonly supervision: ResolvedSupervision;
  /** Called with each client before it is started. */
  readonly onClient: (client: MemberClient, generation: number) => void;
  /** Throws for a plugin that the stable clients do not fit any more. */
  readonly onNegotiated: (client: MemberClient) => void;
}

/** How a generation ended that nobody here has asked to. */
export type GenerationEnd = Pick<GenerationStop, 'cause' | 'error'> | 'asked';

/** How long the end of a process that has crashed is waited for, for its exit code and its last lines. */
const LAST_WORDS_MS = 100;

/** One process of a supervised plugin, from its options to its end. */
export class Generation implements Omit<CallMember, 'channel'>, Routable {
  readonly generation: number;
  /** Its place in the pool. */
  readonly place: number;
  readonly calls = new OpenCalls();
  made = 0;
  answers = 0;
  /** Calls wait for as long as it says that it does not serve. */
  isHeld = false;
  /** Why it is to be ended although it lives. */
  condemned: Error | undefined;
  /** What is observed of it while it serves. */
  readonly watching = new Subscription();
  readonly #context: GenerationContext;
  #client: MemberClient | undefined;
  #channel: GrpcChannel | undefined;
  #servingSince: number | undefined;
  #isStopping = false;
  /** Its open calls are not waited for any more. */
  #isHurried = false;
  #ending: Promise<void> | undefined;

  constructor(generation: number, place: number, context: GenerationContext) {
    this.generation = generation;
    this.place = place;
    this.#context = context;
  }

  /** The client. Throws before there is one. */
  get client(): MemberClient {
    if (this.#client === undefined) throw notStarted();
    return this.#client;
  }

  /** The plugin's version, where its manifest says it. */
  get named(): { readonly version?: string } {
    const version = this.#client?.plugin.version;
    return version === undefined ? {} : { version };
  }

  /** Over net/rpc there is none: throws. */
  get channel(): GrpcChannel {
    if (this.#channel === undefined) throw notStarted();
    return this.#channel;
  }

  get hasChannel(): boolean {
    return this.#channel !== undefined;
  }

  get openCalls(): number {
    return this.calls.size;
  }

  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** Whether a call can be made on it now. */
  get isAvailable(): boolean {
    if (this.isHeld || this.#isStopping || this.#servingSince === undefined) return false;
    return this.#channel === undefined || this.#channel.state.status === 'ready';
  }

  /** Whether calls are open on it, or connections beside them. */
  get isBusy(): boolean {
    const { accepting, channels } = this.client.broker.counts;
    return this.calls.size > 0 || accepting + channels > 0;
  }

  /** For measuring what it uses. A runner that runs no process has no pid. */
  get usage(): UsageSubject {
    return {
      generation: this.generation,
      pid: () => Number(this.client.id),
      openCalls: () => this.calls.size,
      calls: () => this.made,
    };
  }

  /** Emits when its connection is made again. */
  get connected$(): Observable<unknown> {
    return this.#channel?.state$.pipe(filter(({ status }) => status === 'ready')) ?? EMPTY;
  }

  /** Starts it, sets it up and waits for its first sign of health. Rejects with a PluginError after everything of it is released. */
  async start(after: Promise<unknown>): Promise<void> {
    try {
      await after;
      await this.#start();
      this.#throwIfEnding();
      this.#servingSince = this.#now();
    } catch (error) {
      await this.#client?.stop();
      throw PluginError.is(error) ? error : new StartError('ERR_SPAWN', errorMessage(error), { cause: error });
    }
  }

  /** Its end, once, unless the supervisor brought it about. `asked`: somebody else has stopped the client. */
  get stopped$(): Observable<GenerationEnd> {
    const { client } = this;
    const end$ = client.state$.pipe(
      filter((state) => state.status === 'stopping' || state.status === 'exited'),
      take(1),
      tap(() => {
        this.#isStopping = true;
      }),
    );
    return end$.pipe(
      filter(() => !this.isEnding),
      map((state): GenerationEnd => {
        const reason = 'reason' in state ? state.reason : undefined;
        if (reason?.kind === 'stopped') return 'asked';
        if (reason?.kind === 'disconnected') return { cause: 'disconnected', error: reason.error };
        return { cause: 'crashed', error: exitedUnexpectedly(client.plugin, { code: null, signal: null }, []) };
      }),
    );
  }

  /** With what becomes known within a moment: how the process ended, and its last lines. */
  async describeStop(cause: StopCause, error: PluginError): Promise<GenerationStop> {
    const at = new Date(this.#now());
    const ranMs = this.#servingSince === undefined ? 0 : at.getTime() - this.#servingSince;
    const client = this.#client;
    if (cause === 'crashed' && client !== undefined)
      await firstValueFrom(merge(exitedOf(client), loopTimer(LAST_WORDS_MS)), { defaultValue: undefined });
    const exit = await exitOf(client);
    const stderr = client?.lastStderr ?? [];
    const isKnown = cause === 'crashed' && exit !== undefined && client !== undefined;
    const known = isKnown ? exitedUnexpectedly(client.plugin, exit, stderr) : error;
    return { generation: this.generation, ...this.named, at, ranMs, cause, error: known, exit, stderr };
  }

  health(): HealthSubject {
    const { health } = this.#context.supervision;
    const told: Pick<HealthSubject, 'check' | 'told$'> =
      this.#channel === undefined || health === undefined
        ? { check: () => this.#ping(), told$: EMPTY }
        : grpcHealth(this.#channel, health);
    return { answers: () => this.answers, ...told };
  }

  /** No more calls come: lets those that are open go on for so long, ends the rest, and stops the process. Never rejects. */
  drain(drainMs: number, interrupted: () => CallStatus): Promise<void> {
    this.#ending ??= this.#drain(drainMs, interrupted);
    return this.#ending;
  }

  /** Ends a drain that is going on. */
  hurry(): void {
    this.#isHurried = true;
  }

  async #drain(drainMs: number, interrupted: () => CallStatus): Promise<void> {
    this.watching.unsubscribe();
    if (this.calls.size > 0 && drainMs > 0) await settledWithin(drainMs, this.#unused());
    if (this.calls.size > 0) this.calls.interrupt(interrupted());
    await this.#client?.stop();
  }

  /** Resolves when no call is open. */
  async #unused(): Promise<void> {
    while (this.calls.size > 0 && !this.#isHurried && this.#client?.exited !== true)
      await firstValueFrom(loopTimer(DRAIN_POLL_MS));
  }

  async #start(): Promise<void> {
    const { options, parts, supervision, onClient, onNegotiated } = this.#context;
    const overlay = await supervision.generation(this.generation);
    this.#throwIfEnding();
    const { health } = supervision;
    // For net/rpc, whose ping is the health check.
    const pingTimeoutMs = health === undefined ? {} : { pingTimeoutMs: health.timeoutMs };
    const client = new MemberClient({ ...pingTimeoutMs, ...options, ...overlay } as ClientOptions, parts);
    this.#client = client;
    onClient(client, this.generation);
    await client.start();
    onNegotiated(client);
    this.#channel = await channelOf(client, options);
    await this.#prepare(
      client,
      overlay.startTimeoutMs ?? options.startTimeoutMs ?? DEFAULT_CLIENT_OPTIONS.startTimeoutMs,
    );
    if (health !== undefined) await this.health().check();
  }

  async #prepare(client: MemberClient, limitMs: number): Promise<void> {
    const { onStart } = this.#context.supervision;
    if (onStart === undefined) return;
    const late$ = loopTimer(limitMs).pipe(
      map(() => new Error(`it took longer than \`startTimeoutMs\`, which is ${limitMs} ms.`)),
    );
    const gone$ = exitedOf(client).pipe(map(() => new Error('the plugin ended meanwhile.')));
    try {
      await firstValueFrom(
        firstUnless(
          defer(async () => await onStart(client, this.generation)),
          merge(late$, gone$),
        ),
      );
    } catch (cause) {
      const message = `\`onStart\` failed for generation ${this.generation}: ${errorMessage(cause)}`;
      throw new SupervisionError('ERR_ON_START', message, { cause, details: { stderr: client.lastStderr } });
    }
  }

  async #ping(): Promise<Answer> {
    await this.client.ping();
    return 'serving';
  }

  #throwIfEnding(): void {
    if (this.isEnding) throw new StartError('ERR_START_ABORTED', 'The start was given up: another takes its place.');
  }

  #now(): number {
    return this.#context.supervision.scheduler.now();
  }
}

/** How often the calls of a generation that is to end are counted. */
const DRAIN_POLL_MS = 5;

/** The channel of a plugin over gRPC: every contract is given the same. */
async function channelOf(client: MemberClient, options: ClientOptions): Promise<GrpcChannel | undefined> {
  if (client.protocol !== 'grpc') return undefined;
  const version = client.negotiatedVersion ?? 0;
  const sets = [options.versionedPlugins?.[version], options.plugins];
  for (const name of sets.flatMap((set) => Object.keys(set ?? {}))) {
    const context = (await client.context(name).catch(() => undefined)) as GrpcClientContext | undefined;
    if (context !== undefined) return context.channel;
  }
  return undefined;
}

function exitedOf({ state$ }: MemberClient): Observable<unknown> {
  return state$.pipe(filter(({ status }) => status === 'exited'));
}

function exitOf(client: MemberClient | undefined): Promise<Exit | undefined> {
  if (client === undefined) return Promise.resolve(undefined);
  return firstValueFrom(client.exit$.pipe(takeUntil(loopTimer(1))), { defaultValue: undefined });
}

function notStarted(): SupervisionError {
  return new SupervisionError('ERR_NO_GENERATION', 'The generation has not started yet.');
}
