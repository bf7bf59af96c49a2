import { filter, firstValueFrom, type Observable, ReplaySubject } from 'rxjs';
import { ClosedError } from '../../../errors.js';
import type { HeaderList } from '../../../transports/http2/engine.js';
import { status as Status } from '../shared/grpc-js.js';
import { type CallStatus, localStatus } from '../shared/status.js';
import type { GrpcCall, GrpcCallEvents, GrpcCallOptions } from './call.js';
import type { CallHost, ChannelConnection, ChannelEngine, EngineCall } from './channel-engine.js';
import type { ResolvedChannelOptions } from './channel-options.js';
import type { ChannelState, GrpcChannel } from './grpc-channel.js';
import { OpenCalls } from './open-calls.js';
import { openConnection } from './open-connection.js';
import { RequestHeaders } from './request-headers.js';

const BACKOFF_FACTOR = 1.6;
const BACKOFF_JITTER = 0.2;

/** A channel that makes its connections one after the other; what they and the calls on them are, is the engine's. */
export class ReconnectingChannel<Connection extends ChannelConnection>
  implements GrpcChannel, CallHost<EngineCall<Connection>>
{
  readonly #options: ResolvedChannelOptions;
  readonly #engine: ChannelEngine<Connection>;
  readonly #headers: RequestHeaders;
  readonly #states = new ReplaySubject<ChannelState>(1);
  #state: ChannelState = { status: 'idle' };
  /** Every call that has not ended; those in `#waiting` have no stream yet. */
  readonly #calls = new OpenCalls<EngineCall<Connection>>();
  readonly #waiting = new Set<EngineCall<Connection>>();
  /** Takes new calls. */
  #current: Connection | undefined;
  /** All that are not closed: the one above, and those that finish their calls after a GOAWAY. */
  readonly #connections = new Set<Connection>();
  #attempt: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #foregroundCalls = 0;
  #mayHold = true;
  #closed: Promise<void> | undefined;
  /** What calls end with once the channel is closed. */
  #closedStatus: CallStatus = localStatus(Status.CANCELLED, 'The channel was closed.');
  #onConnectionsGone: () => void = () => {};

  readonly state$: Observable<ChannelState> = this.#states.asObservable();

  constructor(options: ResolvedChannelOptions, engine: ChannelEngine<Connection>) {
    this.#options = options;
    this.#engine = engine;
    this.#headers = new RequestHeaders(options);
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

  call(path: string, options: GrpcCallOptions, events: GrpcCallEvents): GrpcCall {
    const call = this.#engine.createCall(this, path, options, events);
    this.#calls.add(call);
    if (options.background !== true && ++this.#foregroundCalls === 1) this.#updateHold();
    if (options.timeoutMs !== undefined && options.timeoutMs <= 0) process.nextTick(() => call.expire());
    else if (this.#current?.usable === true) call.attach(this.#current);
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
    const gone = new Promise<void>((resolve) => {
      this.#onConnectionsGone = resolve;
    });
    this.#closed = gone.then(() => this.#attempt?.done);
    if (because !== undefined) this.#closedStatus = unavailable(because);
    this.#shutdown(this.#closedStatus);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): void {
    this.#mayHold = true;
    this.#updateHold();
  }

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

  onOver(call: EngineCall<Connection>): void {
    this.#calls.delete(call);
    if (this.#waiting.size > 0) this.#waiting.delete(call);
    if (call.options.background !== true && --this.#foregroundCalls === 0) this.#updateHold();
  }

  #enqueue(call: EngineCall<Connection>): void {
    if (this.#closed !== undefined) return failSoon(call, this.#closedStatus);
    if (this.state.status === 'transient-failure' && call.options.waitForReady !== true) {
      return failSoon(call, unavailable(this.state.error));
    }
    this.#waiting.add(call);
    // A connection that takes no more calls but has not said so yet counts as gone.
    if (this.#current !== undefined) this.#retire(this.#current);
    if (this.state.status === 'idle') this.#connect();
    this.#updateHold();
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    const abort = new AbortController();
    const { dialer, connectTimeoutMs: timeoutMs } = this.#options;
    const events = {
      onReady: (connection: Connection) => this.#onReady(connection),
      onGoAway: (connection: Connection) => this.#retire(connection),
      onClose: (connection: Connection) => this.#onClose(connection),
    };
    const opening = openConnection(this.#engine, { dialer, timeoutMs, signal: abort.signal }, events);
    this.#attempt = { abort, done: opening.catch((error: Error) => this.#onFailed(error)) };
    this.#become({ status: 'connecting' });
  }

  #onReady(connection: Connection): void {
    this.#connections.add(connection);
    if (this.#closed !== undefined) return connection.destroy();
    this.#current = connection;
    this.#failures = 0;
    this.#updateHold();
    for (const call of this.#waiting) call.attach(connection);
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

  /** The connection finishes the calls it has; the next one makes a new connection. */
  #retire(connection: Connection): void {
    if (connection !== this.#current) return;
    this.#current = undefined;
    if (this.#closed === undefined) this.#become({ status: 'idle' });
  }

  #onClose(connection: Connection): void {
    this.#retire(connection);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onConnectionsGone();
  }

  #shutdown(status: CallStatus): void {
    clearTimeout(this.#retryTimer);
    this.#attempt?.abort.abort(new ClosedError('ERR_CLOSED', 'The channel was closed.'));
    // A copy: whoever answers the end of a call with another call must not keep this loop going.
    for (const call of this.#calls.all()) call.fail(status);
    this.#become({ status: 'shutdown' });
    this.#states.complete();
    for (const connection of this.#connections) connection.destroy();
    if (this.#connections.size === 0) this.#onConnectionsGone();
  }

  #become(state: ChannelState): void {
    this.#state = state;
    this.#states.next(state);
  }

  #updateHold(): void {
    const hold = this.#mayHold && this.#foregroundCalls > 0;
    for (const holder of [this.#retryTimer, ...this.#connections]) {
      if (hold) holder?.ref();
      else holder?.unref();
    }
  }
}

function failSoon(call: { fail(status: CallStatus): void }, status: CallStatus): void {
  process.nextTick(() => call.fail(status));
}

function unavailable(error: Error): CallStatus {
  return localStatus(Status.UNAVAILABLE, `There is no connection: ${error.message}`, error);
}
