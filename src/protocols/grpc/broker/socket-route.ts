import { firstValueFrom, takeUntil, tap } from 'rxjs';
import { PluginCallError, PluginError } from '../../../errors.js';
import { aborted } from '../../../streams/aborted.js';
import { Rendezvous } from '../../../streams/rendezvous.js';
import { untilAborted } from '../../../streams/until-aborted.js';
import type { Dialer, DialOptions, Listener } from '../../../transports/transport.js';
import type { Address, AddressTranslator } from '../../../wire/handshake/address.js';
import type { Logger } from '../../../wire/logs/logger.js';
import { quoteText } from '../../../wire/quote.js';
import type { BrokerNetwork } from '../../protocol.js';
import type { ConnInfo } from '../gen/internal/plugin/grpc_broker.js';
import type { BrokerLink, BrokerMessage } from './link.js';
import type { BrokerRoute } from './route.js';

export interface SocketRouteOptions {
  readonly link: BrokerLink;
  readonly network: BrokerNetwork;
  /** How long a dial waits for an offer, and an offer for a dial. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/**
 * Each accepted id has a listener of its own, whose address is offered to the peer; one offer serves one dial. The host's network
 * translates addresses, the plugin's does not (go-plugin grpc_broker.go Accept, DialWithOptions).
 */
export class SocketRoute implements BrokerRoute {
  readonly #link: BrokerLink;
  readonly #network: BrokerNetwork;
  readonly #offers: Rendezvous<ConnInfo>;
  /** What this side has offered and the peer has not connected to. */
  readonly #unused = new Map<number, BrokerMessage>();
  readonly #closed = new AbortController();

  constructor({ link, network, timeoutMs, logger }: SocketRouteOptions) {
    this.#link = link;
    this.#network = network;
    this.#offers = new Rendezvous({
      timeoutMs,
      onReaped: (_offer, id) => logger.debug('an offer of the peer was not dialed in time', { brokerId: id }),
    });
    link.message$.subscribe({
      next: (message) => {
        if (message.knock === undefined) this.#offers.offer(message.serviceId, message);
      },
      complete: () => this.close(),
    });
    link.resumed$.subscribe(() => this.#offerAgain());
  }

  readonly streams = 0;

  get pending(): number {
    return this.#offers.pending;
  }

  async listen(id: number): Promise<Listener> {
    const listener = await this.#network.listen();
    try {
      const { network, address } = await this.#translate('the broker listens', listener.address, (own) =>
        this.#network.hostToPlugin(own),
      );
      const offer = { serviceId: id, network, address };
      await this.#link.send(offer);
      this.#unused.set(id, offer);
      return onFirstUse(listener, () => this.#unused.delete(id));
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  async dialer(id: number, { signal }: DialOptions = {}): Promise<Dialer> {
    const offer$ = this.#offers.take(id);
    const offer = await firstValueFrom(signal === undefined ? offer$ : offer$.pipe(takeUntil(aborted(signal))));
    const announced = { network: offer.network, address: offer.address } as Address;
    const translated = this.#translate('the peer accepts', announced, (theirs) => this.#network.pluginToHost(theirs));
    const { network, address } = await untilAborted(translated, signal);
    if (network === 'unix' || network === 'tcp') return this.#network.dialerTo({ network, address });
    throw new PluginCallError(
      'ERR_BROKER',
      `The peer accepts broker id ${id} on an unknown network ${quoteText(String(network))}. Expected "unix" or "tcp".`,
    );
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#offers.close();
    this.#unused.clear();
    this.#closed.abort();
  }

  /** Offers may have been on their way when the connection was lost. One that had arrived is kept twice, and the second is not dialed. */
  #offerAgain(): void {
    // A link that has ended tells no one.
    for (const offer of this.#unused.values()) this.#link.send(offer).catch(() => {});
  }

  /** Translations are the application's code: they may fail, or never settle. */
  #translate(what: string, address: Address, translation: AddressTranslator['pluginToHost']): Promise<Address> {
    return untilAborted(translate(what, address, translation), this.#closed.signal, () => this.#link.closedError());
  }
}

/** Calls back when the peer has connected, and when nobody can any more. */
function onFirstUse(listener: Listener, callback: () => void): Listener {
  return {
    address: listener.address,
    connection$: listener.connection$.pipe(tap(callback)),
    close: () => {
      callback();
      return listener.close();
    },
    ref: () => listener.ref?.(),
    unref: () => listener.unref?.(),
  };
}

async function translate(
  what: string,
  address: Address,
  translation: AddressTranslator['pluginToHost'],
): Promise<Address> {
  try {
    return await translation(address);
  } catch (cause) {
    if (PluginError.is(cause)) throw cause;
    throw new PluginCallError(
      'ERR_BROKER',
      `The address at which ${what}, ${quoteText(address.address)}, could not be translated: ${String(cause)}.`,
      { cause },
    );
  }
}
