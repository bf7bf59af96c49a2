import type { Duplex } from 'node:stream';
import { concat, defer, from, type Observable, Subject } from 'rxjs';
import { TransportError } from '../errors.js';
import type { DialOptions, Listener, Transport } from '../transports/transport.js';
import type { Address } from '../wire/handshake/address.js';
import { duplexPair } from './duplex-pair.js';

/** Most connections that wait for a subscriber; a further one is refused. */
const MAX_WAITING = 64;

/**
 * A transport within this process, without files, ports or system calls. Its listeners can be dialed through the same object only; its
 * connections are those of `duplexPair`.
 *
 * @example
 * ```ts
 * const transport = memoryTransport();
 * const listener = await transport.listen();
 * const connection = await transport.dial(listener.address);
 * ```
 */
export function memoryTransport(): Transport {
  const listeners = new Map<string, MemoryListener>();
  let count = 0;
  return {
    listen: () => {
      count += 1;
      const name = `memory-${count}`;
      const listener = new MemoryListener(name, () => void listeners.delete(name));
      listeners.set(name, listener);
      return Promise.resolve(listener);
    },
    dial: (address, options) => dial(listeners.get(address.address), address, options),
  };
}

async function dial(
  listener: MemoryListener | undefined,
  address: Address,
  options: DialOptions = {},
): Promise<Duplex> {
  options.signal?.throwIfAborted();
  const connection = listener?.connect();
  if (connection !== undefined) return await Promise.resolve(connection);
  const why =
    listener === undefined
      ? 'there is no listener'
      : `its listener has ${MAX_WAITING} connections that were not accepted yet`;
  throw new TransportError('ERR_DIAL', `Dialing ${address.address} in this memory transport failed: ${why}.`);
}

class MemoryListener implements Listener {
  readonly address: Address;
  readonly connection$: Observable<Duplex>;
  readonly #connections = new Subject<Duplex>();
  #waiting: Duplex[] = [];
  readonly #onClosed: () => void;

  constructor(name: string, onClosed: () => void) {
    this.address = { network: 'unix', address: name };
    this.#onClosed = onClosed;
    this.connection$ = defer(() => {
      const early = this.#waiting;
      this.#waiting = [];
      return concat(from(early), this.#connections);
    });
  }

  connect(): Duplex | undefined {
    if (!this.#connections.observed && this.#waiting.length >= MAX_WAITING) return undefined;
    const [near, far] = duplexPair();
    for (const end of [near, far]) end.on('error', () => {});
    if (this.#connections.observed) this.#connections.next(far);
    else this.#waiting.push(far);
    return near;
  }

  close(): Promise<void> {
    this.#onClosed();
    for (const connection of this.#waiting) connection.destroy();
    this.#waiting = [];
    this.#connections.complete();
    return Promise.resolve();
  }
}
