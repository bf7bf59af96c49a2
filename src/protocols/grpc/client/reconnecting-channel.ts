import { filter, firstValueFrom, type Observable, ReplaySubject } from 'rxjs';
import { ClosedError, type Delivery, PluginError } from '../../../errors.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import { type CallStatus, localStatus, lostStatus } from '../shared/status.js';
import type { ChannelState, GrpcCall, GrpcCallEvents, GrpcCallOptions, GrpcChannel } from './channel.js';
import type { ResolvedChannelOptions } from './channel-options.js';
import { type ChannelSession, dialSession, type StartSession } from './dial-session.js';
import { LostCalls } from './lost-calls.js';
import { RequestHeaders } from './request-headers.js';
import { type CallContext, StreamCall } from './stream-call.js';

const BACKOFF_FACTOR = 1.6;
const BACKOFF_JITTER = 0.2;

/** A channel that opens one session after the other. `start` says what a session is: HTTP/2 of our own, or what takes its place. */
export class ReconnectingChannel implements GrpcChannel {
  readonly #options: ResolvedChannelOptions;
  readonly #start: StartSession;
  readonly #context: CallContext;
  readonly #states = new ReplaySubject<ChannelState>(1);
  #state: ChannelState = { status: 'idle' };
  /** Calls that have no stream yet. */
  readonly #waiting = new Set<StreamCall>();
  readonly #lost: LostCalls;
  /** Takes new calls. */
  #current: ChannelSession | undefined;
  /** All that are not closed: the current one, and those that finish their calls after a GOAWAY. */
  readonly #sessions = new Set<ChannelSession>();
  #attempt: Promise<void> | undefined;
  /** Ends the attempt; undefined when none is running. */
  #abort: AbortController | undefined;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #calls = 0;
  #foregroundCalls = 0;
  #mayRef = true;
  #closed: Promise<void> | undefined;
  /** What calls end with once the channel is closed. Not made before: an error takes longer than many a call. */
  #closedError: GrpcError | undefined;
  #onSessionsClosed: () => void = () => {};

  readonly state$: Observable<ChannelState> = this.#states.asObservable();

  constructor(options: ResolvedChannelOptions, start: StartSession) {
    this.#options = options;
    this.#start = start;
    this.#lost = new LostCalls(options.reasonTimeoutMs);
    this.#context = {
      maxReceiveMessageBytes: options.maxReceiveMessageBytes,
      maxSendMessageBytes: options.maxSendMessageBytes,
      headers: new RequestHeaders(options),
      describeWait: () => this.#describeWait(),
      onLost: (call, status) => this.#onCallLost(call, status),
      onSilent: (session) => this.#onSilent(session),
      onEnd: (call) => this.#onCallEnd(call),
    };
    this.#states.next(this.#state);
  }

  get state(): ChannelState {
    return this.#state;
  }

  get authority(): string {
    return this.#options.authority;
  }

  get peerName(): string | undefined {
    return this.#options.peerName;
  }

  get peerVersion(): string | undefined {
    return this.#options.peerVersion;
  }

  get maxReceiveMessageBytes(): number {
    return this.#options.maxReceiveMessageBytes;
  }

  get maxSendMessageBytes(): number {
    return this.#options.maxSendMessageBytes;
  }

  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall {
    const call = new StreamCall(this.#context, path, options, events);
    this.#calls += 1;
    if (options.background !== true && ++this.#foregroundCalls === 1) this.#updateRef();
    if (options.timeoutMs !== undefined && options.timeoutMs <= 0) process.nextTick(() => call.expire());
    else if (this.#current?.usable === true) call.start(this.#current);
    else this.#enqueue(call);
    return call;
  }

  async connect(): Promise<void> {
    if (this.state.status === 'idle' || this.state.status === 'transient-failure') this.#connect();
    const state = await firstValueFrom(this.#states.pipe(filter(({ status }) => status !== 'connecting')));
    if (state.status === 'transient-failure') throw state.error;
    if (state.status !== 'ready') throw new ClosedError('ERR_CLOSED', 'The channel was closed while it connected.');
  }

  close(because?: Error): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    const sessionsClosed = new Promise<void>((resolve) => {
      this.#onSessionsClosed = resolve;
    });
    this.#closed = sessionsClosed.then(() => this.#attempt);
    this.#closedError = because === undefined ? undefined : closedBecauseOf(because);
    this.#shutdown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): void {
    this.#mayRef = true;
    this.#updateRef();
  }

  unref(): void {
    this.#mayRef = false;
    this.#updateRef();
  }

  #describeWait(): string {
    const { state } = this;
    if (state.status === 'transient-failure')
      return `It waited for a connection; the last attempt failed: ${state.error.message}`;
    return 'It waited for a connection.';
  }

  #onCallLost(call: StreamCall, status: CallStatus): boolean {
    if (this.#closed !== undefined) return false;
    this.#lost.begin();
    return this.#lost.hold(call, status);
  }

  /** The network may have lost the connection: the next call makes a new one. */
  #onSilent(session: ChannelSession): void {
    if (!this.#options.leavesSilent || session !== this.#current || session.leave === undefined) return;
    this.#retire(session);
    session.leave();
  }

  #onCallEnd(call: StreamCall): void {
    this.#calls -= 1;
    this.#lost.delete(call);
    if (this.#waiting.size > 0) this.#waiting.delete(call);
    if (call.options.background !== true && --this.#foregroundCalls === 0) this.#updateRef();
  }

  #enqueue(call: StreamCall): void {
    if (this.#closed !== undefined) return call.failLater(this.#closedStatus('none'));
    if (this.state.status === 'transient-failure' && call.options.waitForReady !== true) {
      const status = noConnection(this.state.error);
      return this.#lost.hold(call, status) ? undefined : call.failLater(status);
    }
    this.#waiting.add(call);
    // The session takes no more calls but has not reported it yet.
    if (this.#current !== undefined) this.#retire(this.#current);
    if (this.state.status === 'idle') this.#connect();
    this.#updateRef();
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    const abort = new AbortController();
    const { dialer, connectTimeoutMs: timeoutMs } = this.#options;
    const events = {
      onReady: (session: ChannelSession) => this.#onReady(session),
      onGoAway: (session: ChannelSession) => this.#retire(session),
      onClose: (session: ChannelSession) => this.#onClose(session),
    };
    this.#abort = abort;
    const opening = dialSession({ dialer, start: this.#start, timeoutMs, abort }, events);
    this.#attempt = opening.catch((error: Error) => this.#onFailed(error));
    this.#become({ status: 'connecting' });
  }

  #onReady(session: ChannelSession): void {
    this.#abort = undefined;
    this.#sessions.add(session);
    if (this.#closed !== undefined) return session.destroy();
    this.#current = session;
    this.#failures = 0;
    this.#updateRef();
    for (const call of this.#waiting) call.start(session);
    this.#waiting.clear();
    this.#lost.end();
    this.#become({ status: 'ready' });
  }

  #onFailed(error: Error): void {
    this.#abort = undefined;
    if (this.#closed !== undefined) return;
    this.#failures++;
    this.#retryTimer = setTimeout(() => this.#retry(), this.#backoffMs());
    this.#become({ status: 'transient-failure', error });
    for (const call of this.#waiting) {
      if (call.options.waitForReady === true) continue;
      if (this.#lost.hold(call, noConnection(error))) this.#waiting.delete(call);
      else call.fail(noConnection(error));
    }
    this.#updateRef();
  }

  #retry(): void {
    if (this.#waiting.size > 0) this.#connect();
    else this.#become({ status: 'idle' });
  }

  #backoffMs(): number {
    const { initialMs, maxMs } = this.#options.backoff;
    const wholeMs = Math.min(maxMs, initialMs * BACKOFF_FACTOR ** (this.#failures - 1));
    return wholeMs * (1 + BACKOFF_JITTER * (2 * Math.random() - 1));
  }

  /** The session finishes the calls it has; the next call makes a new one. */
  #retire(session: ChannelSession): void {
    if (session !== this.#current) return;
    this.#current = undefined;
    if (this.#closed === undefined) this.#become({ status: 'idle' });
  }

  #onClose(session: ChannelSession): void {
    this.#retire(session);
    this.#sessions.delete(session);
    if (this.#closed === undefined) this.#lost.begin();
    if (this.#sessions.size === 0) this.#onSessionsClosed();
  }

  #shutdown(): void {
    clearTimeout(this.#retryTimer);
    this.#abort?.abort(new ClosedError('ERR_CLOSED', 'The channel was closed.'));
    for (const call of this.#waiting) call.fail(this.#closedStatus('none'));
    this.#lost.end(({ delivery = 'unknown' }) => this.#closedStatus(delivery));
    for (const session of this.#sessions) session.destroy(this.#calls > 0 ? this.#whyClosed : undefined);
    this.#become({ status: 'shutdown' });
    this.#states.complete();
    if (this.#sessions.size === 0) this.#onSessionsClosed();
  }

  /** What a call of a closed channel ends with. */
  #closedStatus(delivery: Delivery): CallStatus {
    const { status, detail, cause } = this.#whyClosed;
    return status === Status.UNAVAILABLE ? lostStatus(detail, cause, delivery) : localStatus(status, detail, cause);
  }

  get #whyClosed(): GrpcError {
    this.#closedError ??= closedBecauseOf();
    return this.#closedError;
  }

  #become(state: ChannelState): void {
    this.#state = state;
    this.#states.next(state);
  }

  /** Only while a foreground call is open, sessions and the retry timer keep the process alive. */
  #updateRef(): void {
    const refed = this.#mayRef && this.#foregroundCalls > 0;
    for (const handle of [this.#retryTimer, ...this.#sessions]) {
      if (refed) handle?.ref();
      else handle?.unref();
    }
  }
}

/** A close that was asked for is no failure of the peer. */
function closedBecauseOf(because?: Error): GrpcError {
  if (because === undefined) return new GrpcError(Status.CANCELLED, 'The channel was closed.');
  const wanted = PluginError.is(because) && because.code === 'ERR_CLOSED';
  return new GrpcError(wanted ? Status.CANCELLED : Status.UNAVAILABLE, because.message, { cause: because });
}

function noConnection(error: Error): CallStatus {
  return lostStatus(`There is no connection: ${error.message}`, error, 'none');
}
