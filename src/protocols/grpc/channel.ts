import { status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom, type Observable, ReplaySubject } from 'rxjs';
import { ClosedError } from '../../errors.js';
import type { HeaderList, Http2ClientSession } from '../../transports/http2/engine.js';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions } from './call.js';
import { type CallHost, ChannelCall } from './channel-call.js';
import { type GrpcChannelOptions, type ResolvedChannelOptions, resolveChannelOptions } from './channel-options.js';
import { startKeepalive } from './keepalive.js';
import { OpenCalls } from './open-calls.js';
import { openSession } from './open-session.js';
import { RequestHeaders } from './request-headers.js';
import { type CallStatus, localStatus } from './status.js';

/**
 * Where a channel stands. `idle` connects with the next call; after a failed attempt it waits, fails calls that do not
 * `waitForReady`, and then connects again if a call waits, or is idle.
 */
export type ChannelState =
  | { readonly status: 'idle' | 'connecting' | 'ready' | 'shutdown' }
  | { readonly status: 'transient-failure'; readonly error: Error };

const BACKOFF_FACTOR = 1.6;
const BACKOFF_JITTER = 0.2;

/**
 * A gRPC channel over whatever the dialer connects to. Nothing happens before the first call or `connect`. Calls made while it
 * connects wait; one connection carries them all, and a new one is made when it is lost. Only open calls keep the process alive.
 */
export class GrpcChannel implements CallHost {
  readonly #options: ResolvedChannelOptions;
  readonly #headers: RequestHeaders;
  readonly #states = new ReplaySubject<ChannelState>(1);
  #state: ChannelState = { status: 'idle' };
  /** Every call that has not ended; those in `#waiting` have no stream yet. */
  readonly #calls = new OpenCalls<ChannelCall>();
  readonly #waiting = new Set<ChannelCall>();
  /** Takes new calls. */
  #session: Http2ClientSession | undefined;
  /** All that are not closed: the one above, and those that finish their calls after a GOAWAY. */
  readonly #sessions = new Set<Http2ClientSession>();
  #attempt: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopKeepalive: () => void = () => {};
  #foregroundCalls = 0;
  #mayHold = true;
  #closed: Promise<void> | undefined;
  /** What calls end with once the channel is closed. */
  #closedStatus: CallStatus = localStatus(Status.CANCELLED, 'The channel was closed.');
  #onSessionsGone: () => void = () => {};

  /** States as they change; replays the latest; completes after `shutdown`; never errors. */
  readonly state$: Observable<ChannelState> = this.#states.asObservable();

  constructor(options: GrpcChannelOptions) {
    this.#options = resolveChannelOptions(options);
    this.#headers = new RequestHeaders(this.#options);
    this.#states.next(this.#state);
  }

  get state(): ChannelState {
    return this.#state;
  }

  get authority(): string {
    return this.#options.authority;
  }

  get maxReceiveMessageBytes(): number {
    return this.#options.maxReceiveMessageBytes;
  }

  get maxSendMessageBytes(): number {
    return this.#options.maxSendMessageBytes;
  }

  /**
   * Makes a call. It ends with UNAVAILABLE when the connection cannot be made or breaks, and as `close` says when the channel is closed.
   * `path` is `/package.Service/Method`.
   */
  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall {
    const call = new ChannelCall(this, path, options, events);
    this.#calls.add(call);
    if (options.background !== true && ++this.#foregroundCalls === 1) this.#updateHold();
    if (options.timeoutMs !== undefined && options.timeoutMs <= 0) process.nextTick(() => call.expire());
    else if (this.#session?.usable === true) call.attach(this.#session);
    else this.#enqueue(call);
    return call;
  }

  /** Connects now, without waiting for a call or for the end of a backoff. Rejects with the error of this attempt. */
  async connect(): Promise<void> {
    if (this.state.status === 'idle' || this.state.status === 'transient-failure') this.#connect();
    const state = await firstValueFrom(this.#states.pipe(filter(({ status }) => status !== 'connecting')));
    if (state.status === 'transient-failure') throw state.error;
    if (state.status !== 'ready') throw new ClosedError('ERR_CLOSED', 'The channel was closed while it connected.');
  }

  /**
   * Ends every call and destroys the connections. Resolves when they are closed. Idempotent. Calls, also later ones, end with
   * CANCELLED, or with UNAVAILABLE when the channel is closed because of an error: then the peer is gone.
   */
  close(because?: Error): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    const gone = new Promise<void>((resolve) => {
      this.#onSessionsGone = resolve;
    });
    this.#closed = gone.then(() => this.#attempt?.done);
    if (because !== undefined) this.#closedStatus = unavailable(because);
    this.#shutdown(this.#closedStatus);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Open calls keep the process alive, except those made with `background`: this is how a channel begins. */
  ref(): void {
    this.#mayHold = true;
    this.#updateHold();
  }

  /** Nothing but an attempt to connect and a call's deadline keeps the process alive, and those are bounded. */
  unref(): void {
    this.#mayHold = false;
    this.#updateHold();
  }

  headersOf(path: string, options: GrpcCallOptions, timeoutMs: number | undefined): HeaderList {
    return this.#headers.of(path, options, timeoutMs);
  }

  describeWait(): string {
    const { state } = this;
    if (state.status === 'transient-failure')
      return `It waited for a connection; the last attempt failed: ${state.error.message}`;
    return 'It waited for a connection.';
  }

  onOver(call: ChannelCall): void {
    this.#calls.delete(call);
    if (this.#waiting.size > 0) this.#waiting.delete(call);
    if (call.options.background !== true && --this.#foregroundCalls === 0) this.#updateHold();
  }

  #enqueue(call: ChannelCall): void {
    if (this.#closed !== undefined) return failSoon(call, this.#closedStatus);
    if (this.state.status === 'transient-failure' && call.options.waitForReady !== true) {
      return failSoon(call, unavailable(this.state.error));
    }
    this.#waiting.add(call);
    // A session that takes no more calls but has not said so yet counts as gone.
    if (this.#session !== undefined) this.#retire(this.#session);
    if (this.state.status === 'idle') this.#connect();
    this.#updateHold();
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    const abort = new AbortController();
    const { dialer, engine, http2, connectTimeoutMs: timeoutMs } = this.#options;
    const events = {
      onReady: (session: Http2ClientSession) => this.#onReady(session),
      onGoAway: (session: Http2ClientSession) => this.#retire(session),
      onClose: (session: Http2ClientSession) => this.#onClose(session),
    };
    const opening = openSession({ dialer, engine, http2, timeoutMs, signal: abort.signal }, events);
    this.#attempt = { abort, done: opening.catch((error: Error) => this.#onFailed(error)) };
    this.#become({ status: 'connecting' });
  }

  #onReady(session: Http2ClientSession): void {
    this.#sessions.add(session);
    if (this.#closed !== undefined) return session.destroy();
    this.#session = session;
    this.#failures = 0;
    this.#updateHold();
    const { keepalive } = this.#options;
    if (keepalive !== undefined) {
      this.#stopKeepalive = startKeepalive(session, keepalive, () => this.#calls.size > 0);
    }
    for (const call of this.#waiting) call.attach(session);
    this.#waiting.clear();
    this.#become({ status: 'ready' });
  }

  #onFailed(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#failures++;
    this.#retryTimer = setTimeout(() => this.#retry(), this.#backoffMs());
    this.#become({ status: 'transient-failure', error });
    for (const call of this.#waiting) {
      if (call.options.waitForReady !== true) call.fail(unavailable(error));
    }
    this.#updateHold();
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

  /** The session finishes the calls it has; the next one makes a new connection. */
  #retire(session: Http2ClientSession): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.#stopKeepalive();
    if (this.#closed === undefined) this.#become({ status: 'idle' });
  }

  #onClose(session: Http2ClientSession): void {
    this.#retire(session);
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#onSessionsGone();
  }

  #shutdown(status: CallStatus): void {
    clearTimeout(this.#retryTimer);
    this.#stopKeepalive();
    this.#attempt?.abort.abort(new ClosedError('ERR_CLOSED', 'The channel was closed.'));
    // A copy: whoever answers the end of a call with another call must not keep this loop going.
    for (const call of this.#calls.all()) call.fail(status);
    this.#become({ status: 'shutdown' });
    this.#states.complete();
    for (const session of this.#sessions) session.destroy();
    if (this.#sessions.size === 0) this.#onSessionsGone();
  }

  #become(state: ChannelState): void {
    this.#state = state;
    this.#states.next(state);
  }

  #updateHold(): void {
    const hold = this.#mayHold && this.#foregroundCalls > 0;
    for (const holder of [this.#retryTimer, ...this.#sessions]) {
      if (hold) holder?.ref();
      else holder?.unref();
    }
  }
}

function failSoon(call: ChannelCall, status: CallStatus): void {
  process.nextTick(() => call.fail(status));
}

function unavailable(error: Error): CallStatus {
  return localStatus(Status.UNAVAILABLE, `There is no connection: ${error.message}`, error);
}
