import { BehaviorSubject, filter, firstValueFrom, type Observable, Subject, throwError, timeout } from 'rxjs';
import { ClosedError, PluginCallError } from '../../../errors.js';
import { setLoopTimeout } from '../../../streams/loop-timeout.js';
import type { ConnInfo } from '../gen/internal/plugin/grpc_broker.js';

/** A message to send; absent fields have their defaults. */
export type BrokerMessage = Partial<ConnInfo> & Pick<ConnInfo, 'serviceId'>;

type LinkState = 'waiting' | 'open' | 'ended';

/** The longest network and address that are accepted together; a real one is a socket path or `host:port`. */
const MAX_TEXT_LENGTH = 4096;

/**
 * One end of the StartStream call in which two brokers exchange their messages, or of several, where one goes on after another was lost. The
 * owner of the call passes received messages to `receive` and sends those that `outgoing$` emits.
 */
export class BrokerLink {
  /** The peer's messages, hot. Completes when the call has ended. */
  readonly message$: Observable<ConnInfo>;
  /** Messages for the peer, hot. Emits nothing before `opened`; completes when the call has ended. */
  readonly outgoing$: Observable<ConnInfo>;
  /** Emits when another call goes on after a lost one. Messages that were sent shortly before the loss may not have arrived. */
  readonly resumed$: Observable<void>;
  readonly #incoming = new Subject<ConnInfo>();
  readonly #outgoing = new Subject<ConnInfo>();
  readonly #resumed = new Subject<void>();
  readonly #state = new BehaviorSubject<LinkState>('waiting');
  readonly #timeoutMs: number;
  #wasOpen = false;
  #stopWaiting = (): void => {};
  #cause: string | undefined;

  /** `timeoutMs`: how long a message waits for the call to begin. */
  constructor(options: { readonly timeoutMs: number }) {
    this.#timeoutMs = options.timeoutMs;
    this.message$ = this.#incoming.asObservable();
    this.outgoing$ = this.#outgoing.asObservable();
    this.resumed$ = this.#resumed.asObservable();
  }

  /**
   * Resolves when the message was passed to the call. Rejects with PluginCallError ERR_BROKER_TIMEOUT when the call did not begin in time, and
   * with ClosedError ERR_CLOSED after its end.
   */
  async send({ serviceId, network = '', address = '', knock }: BrokerMessage): Promise<void> {
    // Not for every message: the wait takes a timer.
    if (this.#state.value === 'waiting') await this.#begun();
    // It may have ended since, before this continuation ran.
    if (this.#state.value === 'ended') throw this.closedError();
    this.#outgoing.next({ serviceId, network, address, knock });
  }

  async #begun(): Promise<void> {
    const begun$ = this.#state.pipe(
      filter((state) => state !== 'waiting'),
      timeout({ first: this.#timeoutMs, with: () => throwError(() => notOpened(this.#timeoutMs)) }),
    );
    await firstValueFrom(begun$);
  }

  /** The error of a message that cannot be sent because the call has ended. */
  closedError(): ClosedError {
    const cause = this.#cause ?? 'its connection has ended';
    return new ClosedError('ERR_CLOSED', `The broker is closed: ${cause.replace(/\.$/, '')}.`);
  }

  get ended(): boolean {
    return this.#state.value === 'ended';
  }

  /** To be called when a call has begun and `outgoing$` is subscribed to. */
  opened(): void {
    if (this.#state.value !== 'waiting') return;
    this.#stopWaiting();
    this.#state.next('open');
    if (this.#wasOpen) this.#resumed.next();
    this.#wasOpen = true;
  }

  /** To be called when the call was lost with its connection, and another may go on: messages wait. Ends after `timeoutMs` without one. */
  lost({ timeoutMs }: { readonly timeoutMs?: number } = {}): void {
    if (this.#state.value === 'ended') return;
    this.#stopWaiting();
    this.#state.next('waiting');
    if (timeoutMs === undefined) return;
    const end = () => this.end(`its connection was lost, and not made again within ${timeoutMs} ms`);
    this.#stopWaiting = setLoopTimeout(end, timeoutMs, { ref: false });
  }

  receive(message: ConnInfo): void {
    if (message.network.length + message.address.length > MAX_TEXT_LENGTH) return;
    this.#incoming.next(message);
  }

  /** To be called when the call has ended; the first cause is kept. Idempotent. */
  end(cause?: string): void {
    if (this.#state.value === 'ended') return;
    this.#stopWaiting();
    this.#cause = cause;
    this.#state.next('ended');
    this.#incoming.complete();
    this.#outgoing.complete();
    this.#resumed.complete();
  }
}

function notOpened(timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The broker's stream was not opened within ${timeoutMs} ms, so that the other end cannot be told of a listener or a dial.`,
  );
}
