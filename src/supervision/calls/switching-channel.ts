import { type Observable, ReplaySubject, type Subscription } from 'rxjs';
import { ClosedError } from '../../errors.js';
import type {
  ChannelState,
  GrpcCall,
  GrpcCallEvents,
  GrpcCallOptions,
  GrpcChannel,
} from '../../protocols/grpc/client/channel.js';
import { GrpcError } from '../../protocols/grpc/shared/errors.js';
import { status as Status } from '../../protocols/grpc/shared/grpc-js.js';
import { type CallStatus, localStatus } from '../../protocols/grpc/shared/status.js';
import type { RoutedCall } from './router.js';
import { type CallMember, type CallSwitch, SwitchedCall } from './switched-call.js';

/** Where a switching channel finds the generations, and what it tells of them. */
export interface ChannelRoute extends Pick<CallSwitch, 'pick' | 'refusal' | 'limitMs' | 'waitedTooLong' | 'mayReplay'> {
  readonly state: ChannelState;
  /** Replays the latest; completes after `shutdown`. */
  readonly state$: Observable<ChannelState>;
  /** Emits undefined when calls that wait may find a member, or the status with which they end when none will. Completes with `state$`. */
  readonly available$: Observable<CallStatus | undefined>;
  readonly authority: string;
  /** What the plugin is called. */
  readonly peerName?: string;
  readonly peerVersion?: string | undefined;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  /** Resolves when a member takes calls. */
  connect(): Promise<void>;
  /** All members that have calls open. */
  members(): Iterable<CallMember>;
  /** Ends what belongs to the channel alone. */
  close(because?: Error): Promise<void>;
}

/** A channel that outlives the generations of a plugin: each call goes to the one that serves, or waits for it. */
export class SwitchingChannel implements GrpcChannel, CallSwitch {
  readonly state$: Observable<ChannelState>;
  readonly waiting = new Set<SwitchedCall>();
  readonly #route: ChannelRoute;
  readonly #states = new ReplaySubject<ChannelState>(1);
  readonly #watching: Subscription;
  #mayRef = true;
  #closed: Promise<void> | undefined;
  #closedStatus: CallStatus = localStatus(Status.CANCELLED, 'The channel was closed.');

  constructor(route: ChannelRoute) {
    this.#route = route;
    route.state$.subscribe(this.#states);
    this.state$ = this.#states.asObservable();
    this.#watching = route.available$.subscribe((end) => this.#onAvailable(end));
  }

  get state(): ChannelState {
    return this.#closed === undefined ? this.#route.state : { status: 'shutdown' };
  }

  get authority(): string {
    return this.#route.authority;
  }

  get peerName(): string | undefined {
    return this.#route.peerName;
  }

  get peerVersion(): string | undefined {
    return this.#route.peerVersion;
  }

  get maxReceiveMessageBytes(): number {
    return this.#route.maxReceiveMessageBytes;
  }

  get maxSendMessageBytes(): number {
    return this.#route.maxSendMessageBytes;
  }

  get limitMs(): number {
    return this.#route.limitMs;
  }

  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall {
    const call = new SwitchedCall(this, path, options, events);
    call.start();
    return call;
  }

  pick(call: RoutedCall): CallMember | undefined {
    return this.#closed === undefined ? this.#route.pick(call) : undefined;
  }

  refusal(waitForReady: boolean): CallStatus | undefined {
    return this.#closed === undefined ? this.#route.refusal(waitForReady) : this.#closedStatus;
  }

  waitedTooLong(): CallStatus {
    return this.#route.waitedTooLong();
  }

  mayReplay(call: SwitchedCall, member: CallMember, status: CallStatus): boolean {
    return this.#closed === undefined && this.#route.mayReplay(call, member, status);
  }

  async connect(): Promise<void> {
    if (this.#closed !== undefined) throw new ClosedError('ERR_CLOSED', 'The channel was closed.');
    await this.#route.connect();
  }

  close(because?: Error): Promise<void> {
    if (this.#closed === undefined) {
      if (because !== undefined) this.#closedStatus = closedBecause(because);
      // A call that ends below must find the channel closed.
      this.#closed = Promise.resolve().then(() => this.#close(because));
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): void {
    this.#mayRef = true;
    for (const { channel } of this.#route.members()) channel.ref();
  }

  unref(): void {
    this.#mayRef = false;
    for (const { channel } of this.#route.members()) channel.unref();
  }

  async #close(because: Error | undefined): Promise<void> {
    this.#watching.unsubscribe();
    this.#endWaiting(this.#closedStatus);
    for (const { calls } of this.#route.members()) calls.interrupt(this.#closedStatus);
    this.#states.next({ status: 'shutdown' });
    this.#states.complete();
    await this.#route.close(because);
  }

  #onAvailable(end: CallStatus | undefined): void {
    if (end !== undefined) return this.#endWaiting(end);
    if (!this.#mayRef) for (const { channel } of this.#route.members()) channel.unref();
    for (const call of this.waiting) call.resume();
  }

  #endWaiting(status: CallStatus): void {
    for (const call of this.waiting) call.interrupt(status);
  }
}

function closedBecause(error: Error): CallStatus {
  if (GrpcError.is(error)) return localStatus(error.status, error.detail, error.cause);
  return localStatus(Status.UNAVAILABLE, `There is no connection: ${error.message}`, error);
}
