import { errorMessage } from '../../errors.js';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions, GrpcChannel } from '../../protocols/grpc/client/channel.js';
import { type Metadata, status as Status } from '../../protocols/grpc/shared/grpc-js.js';
import { type CallStatus, localStatus } from '../../protocols/grpc/shared/status.js';
import type { HeaderList } from '../../transports/http2/interfaces.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';
import type { Counting, OpenCall } from './open-call.js';
import { isInterruption, MAX_REPLAYS, remainingOptions } from './replay.js';
import type { RoutedCall } from './router.js';

/** What carries calls for a while: a generation. */
export interface CallMember extends Counting {
  readonly generation: number;
  readonly channel: GrpcChannel;
}

/** What calls need of the channel that they are made on. */
export interface CallSwitch {
  /** The member for a call; undefined while there is none for it. May throw. */
  pick(call: RoutedCall): CallMember | undefined;
  /** How a call that finds no member ends at once; undefined if it waits. */
  refusal(waitForReady: boolean): CallStatus | undefined;
  /** How long a call waits for a member. */
  readonly limitMs: number;
  /** How a call ends that has waited for so long. */
  waitedTooLong(): CallStatus;
  mayReplay(call: SwitchedCall, member: CallMember, status: CallStatus): boolean;
  /** The calls that wait for a member. */
  readonly waiting: Set<SwitchedCall>;
}

/**
 * One call on whatever generation serves. It waits while none does, and is made again when its generation has ended without an answer
 * and that may be. What it costs beside the call itself is this object.
 */
export class SwitchedCall implements GrpcCall, GrpcCallEvents, OpenCall, RoutedCall {
  readonly path: string;
  readonly options: GrpcCallOptions;
  position = 0;
  readonly #switch: CallSwitch;
  readonly #events: GrpcCallEvents;
  #member: CallMember | undefined;
  #call: GrpcCall | undefined;
  /** Requests that wait for a member. */
  #queued: Uint8Array[] | undefined;
  /** The only request of a call that ended with it: kept until there is an answer, to be sent again. */
  #request: Uint8Array | undefined;
  #isHalfClosed = false;
  /** Requests of a stream have left: they cannot be had again. */
  #isConsumed = false;
  #isAnswered = false;
  #isOver = false;
  #replays = 0;
  #demand: number;
  #expiresAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: CallSwitch, path: string, options: GrpcCallOptions, events: GrpcCallEvents) {
    this.path = path;
    this.options = options;
    this.#switch = owner;
    this.#events = events;
    this.#demand = options.demand ?? Number.POSITIVE_INFINITY;
    if (options.timeoutMs !== undefined) this.#expiresAt = performance.now() + options.timeoutMs;
  }

  /** Whether the method is declared idempotent, and has a single request. */
  get idempotent(): boolean {
    return this.#events.idempotent === true;
  }

  /** What routers may look at. */
  get metadata(): Metadata | undefined {
    return this.options.metadata;
  }

  /** The first attempt, with the options as they are; or the first wait for a member. */
  start(): void {
    const member = this.#pick();
    if (member === undefined) return this.#wait();
    this.#enter(member);
    this.#call = member.channel.call(this.path, this.options, this);
  }

  /** There may be a member now: makes the call that has waited, with what was written meanwhile. */
  resume(): void {
    const member = this.#pick();
    if (member !== undefined) this.#resume(member);
  }

  /** Waits for a member, unless it fails at once. */
  #wait(): void {
    const waitForReady = this.options.waitForReady === true;
    const refusal = this.#switch.refusal(waitForReady);
    if (refusal !== undefined) {
      process.nextTick(() => this.#finish(refusal));
      return;
    }
    this.#switch.waiting.add(this);
    const limitMs = waitForReady ? Number.POSITIVE_INFINITY : this.#switch.limitMs;
    const deadlineMs = Math.max(0, this.#expiresAt - performance.now());
    const isDeadline = deadlineMs <= limitMs;
    const end = (): void => this.#finish(isDeadline ? this.#expired() : this.#switch.waitedTooLong());
    this.#timer = setTimeout(end, Math.min(deadlineMs, limitMs, MAX_TIMER_MS));
    if (this.options.background === true) this.#timer.unref();
  }

  #resume(member: CallMember): void {
    this.#stopWaiting();
    this.#enter(member);
    const call = member.channel.call(this.path, remainingOptions(this.options, this.#expiresAt, this.#demand), this);
    this.#call = call;
    if (this.#request !== undefined) return call.end(this.#request);
    const queued = this.#queued;
    this.#queued = undefined;
    let hasRoom = true;
    for (const framed of queued ?? []) hasRoom = this.#send(call, framed);
    if (this.#isHalfClosed) call.end();
    else if (queued !== undefined && hasRoom) process.nextTick(() => this.onDrain());
  }

  write(framed: Uint8Array): boolean {
    if (this.#isOver || this.#isHalfClosed) return true;
    if (this.#call !== undefined) return this.#send(this.#call, framed);
    (this.#queued ??= []).push(framed);
    return false;
  }

  end(framed?: Uint8Array): void {
    if (this.#isOver || this.#isHalfClosed) return;
    this.#isHalfClosed = true;
    const isOnly = framed !== undefined && this.#queued === undefined && !this.#isConsumed;
    if (isOnly) this.#request = framed;
    if (this.#call !== undefined) this.#call.end(framed);
    else if (framed !== undefined && !isOnly) this.#queued?.push(framed);
  }

  request(count: number): void {
    this.#demand += count;
    this.#call?.request(count);
  }

  cancel(code: number = Status.CANCELLED, detail = 'The caller cancelled the call.'): void {
    if (this.#call === undefined) this.#finish(localStatus(code, detail));
    else this.#call.cancel(code, detail);
  }

  /** Ends it with a status from outside, whatever its member does. */
  interrupt(status: CallStatus): void {
    const call = this.#call;
    // From here on what the member says of it is ignored.
    this.#call = undefined;
    call?.cancel();
    if (!this.#tryAgain(status)) this.#finish(status);
  }

  onHeaders(headers: HeaderList): void {
    this.#onAnswer();
    if (!this.#isOver) this.#events.onHeaders(headers);
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    this.#onAnswer();
    if (!this.#isOver) this.#events.onMessage(bytes, start, end);
  }

  onDrain(): void {
    if (!this.#isOver) this.#events.onDrain();
  }

  onStatus(status: CallStatus): void {
    if (this.#isOver || this.#call === undefined) return;
    if (status.trailers.length > 0 && this.#member !== undefined) this.#member.answers++;
    if (isInterruption(status, Status.UNAVAILABLE) && this.#tryAgain(status)) return;
    this.#finish(status);
  }

  #onAnswer(): void {
    this.#isAnswered = true;
    this.#request = undefined;
    if (this.#member !== undefined) this.#member.answers++;
  }

  #send(call: GrpcCall, framed: Uint8Array): boolean {
    this.#isConsumed = true;
    return call.write(framed);
  }

  /** Leaves the member and waits for the next one, if it can be repeated and may be. */
  #tryAgain(status: CallStatus): boolean {
    const member = this.#member;
    if (member === undefined || this.#isOver || this.#isAnswered || this.#isConsumed) return false;
    if (this.#replays >= MAX_REPLAYS || !this.#switch.mayReplay(this, member, status)) return false;
    this.#replays++;
    this.#leave();
    const next = this.#pick();
    if (next === undefined) this.#wait();
    else this.#resume(next);
    return true;
  }

  /** A router of the application's may throw: that is the end of the call. */
  #pick(): CallMember | undefined {
    try {
      return this.#switch.pick(this);
    } catch (error) {
      const status = localStatus(Status.INTERNAL, `\`supervision.router\` threw: ${errorMessage(error)}`, error);
      process.nextTick(() => this.#finish(status));
      return undefined;
    }
  }

  #expired(): CallStatus {
    const detail = `The call took longer than ${this.options.timeoutMs} ms. It waited for the plugin to run.`;
    return localStatus(Status.DEADLINE_EXCEEDED, detail);
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#switch.waiting.delete(this);
  }

  #enter(member: CallMember): void {
    this.#member = member;
    member.made++;
    member.calls.add(this);
  }

  #leave(): void {
    this.#member?.calls.delete(this);
    this.#member = undefined;
    this.#call = undefined;
  }

  #finish(status: CallStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== undefined) this.#stopWaiting();
    this.#queued = undefined;
    this.#request = undefined;
    this.#leave();
    this.#events.onStatus(status);
  }
}
