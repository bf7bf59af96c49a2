import { BehaviorSubject, filter, firstValueFrom, type Observable, of, Subject, timeout } from 'rxjs';
import { ClosedError, PluginCallError } from '../../../errors.js';
import type { ConnInfo } from '../gen/internal/plugin/grpc_broker.js';

/** A message as it is given: absent fields take their default. */
export type BrokerMessage = Partial<ConnInfo> & Pick<ConnInfo, 'serviceId'>;

type LinkState = 'waiting' | 'open' | 'ended';

/** An honest message has an id and a socket's address; a longer one is not worth keeping. */
const MAX_TEXT_LENGTH = 4096;

/**
 * The messages that two brokers exchange, whichever end of the one StartStream call this is. Whoever has the call puts its messages
 * in with `receive` and sends what `outgoing$` emits.
 */
export class BrokerLink {
  /** What the peer says, hot. Completes when the call has ended. */
  readonly message$: Observable<ConnInfo>;
  /** What the peer is to be told, hot. Emits nothing before `opened`; completes when the call has ended. */
  readonly outgoing$: Observable<ConnInfo>;
  readonly #incoming = new Subject<ConnInfo>();
  readonly #outgoing = new Subject<ConnInfo>();
  readonly #state = new BehaviorSubject<LinkState>('waiting');
  readonly #timeoutMs: number;
  #cause: string | undefined;

  /** `timeoutMs`: how long a message waits for the call to begin. */
  constructor(options: { readonly timeoutMs: number }) {
    this.#timeoutMs = options.timeoutMs;
    this.message$ = this.#incoming.asObservable();
    this.outgoing$ = this.#outgoing.asObservable();
  }

  /**
   * Resolves when the message is on its way. Rejects with PluginCallError ERR_BROKER_TIMEOUT when the call did not begin in time, and
   * with ClosedError ERR_CLOSED after its end.
   */
  async send({ serviceId, network = '', address = '', knock }: BrokerMessage): Promise<void> {
    const begun$ = this.#state.pipe(
      filter((state) => state !== 'waiting'),
      timeout({ first: this.#timeoutMs, with: () => of('late' as const) }),
    );
    const state = await firstValueFrom(begun$);
    if (state === 'late') throw notOpened(this.#timeoutMs);
    // It may have ended between the answer and its arrival here.
    if (this.#state.value === 'ended') throw closed(this.#cause);
    this.#outgoing.next({ serviceId, network, address, knock });
  }

  /** The call has begun, and somebody listens to `outgoing$`. */
  opened(): void {
    if (this.#state.value === 'waiting') this.#state.next('open');
  }

  receive(message: ConnInfo): void {
    if (message.network.length + message.address.length > MAX_TEXT_LENGTH) return;
    this.#incoming.next(message);
  }

  /** The call is over, for the reason given; the first one is kept. Idempotent. */
  end(cause?: string): void {
    if (this.#state.value === 'ended') return;
    this.#cause = cause;
    this.#state.next('ended');
    this.#incoming.complete();
    this.#outgoing.complete();
  }
}

function notOpened(timeoutMs: number): PluginCallError {
  return new PluginCallError(
    'ERR_BROKER_TIMEOUT',
    `The host did not open the stream of its broker within ${timeoutMs} ms: nothing can be announced to it yet.`,
  );
}

function closed(cause = 'its connection has ended'): ClosedError {
  return new ClosedError('ERR_CLOSED', `The broker is closed: ${cause}.`);
}
