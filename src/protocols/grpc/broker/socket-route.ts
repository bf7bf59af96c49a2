import { firstValueFrom, takeUntil } from 'rxjs';
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
import type { BrokerLink } from './link.js';
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
      await this.#link.send({ serviceId: id, network, address });
      return listener;
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
    this.#offers.close();
    this.#closed.abort();
  }

  /** Translations are the application's code: they may fail, or never settle. */
  #translate(what: string, address: Address, translation: AddressTranslator['pluginToHost']): Promise<Address> {
    return untilAborted(translate(what, address, translation), this.#closed.signal, () => this.#link.closedError());
  }
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
