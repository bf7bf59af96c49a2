import type { Duplex } from 'node:stream';
import { TransportError } from '../../errors.js';
import { dialerTo } from '../../transports/sockets/dial.js';
import { listenUnix } from '../../transports/sockets/unix.js';
import type { Listener } from '../../transports/transport.js';
import type { YamuxSession } from '../../transports/yamux/session.js';
import type { Address, AddressTranslator } from '../../wire/handshake/address.js';
import { join } from './lines.js';
import { ANSWER_TIMEOUT_MS, type RelayAccepted, type RelayAnswer, readDueMessage, sendLine } from './messages.js';

/** Most addresses of each side that are carried; the oldest but the first, which is the plugin's own, makes room. */
const MAX_FORWARDS = 1_000;

/** Carries connections between the sockets of a host and those of a far end, both ways. */
export class Forwards implements AddressTranslator {
  readonly #session: YamuxSession;
  readonly #socketDir: string;
  readonly #answerTimeoutMs: number;
  /** Here, for addresses of the plugin. */
  readonly #here = new Map<string, Promise<Listener>>();
  /** Over there, for addresses of the host: the stream that keeps it open. */
  readonly #there = new Map<string, { readonly stream: Duplex; readonly host: Address }>();

  constructor(session: YamuxSession, socketDir: string, answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    this.#session = session;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#socketDir = socketDir;
    session.stream$.subscribe((stream) => {
      stream.on('error', () => {});
      this.#accepted(stream).catch(() => stream.destroy());
    });
  }

  /** A socket here, whose connections go to an address over there. */
  async pluginToHost(address: Address): Promise<Address> {
    const key = `${address.network} ${address.address}`;
    const known = this.#here.get(key) ?? this.#listen(key, address);
    this.#here.set(key, known);
    known.catch(() => this.#here.delete(key));
    const oldest = [...this.#here.keys()][1];
    if (this.#here.size > MAX_FORWARDS && oldest !== undefined) await this.#forget(oldest);
    return (await known).address;
  }

  /** A socket over there, whose connections come to an address here. */
  async hostToPlugin(address: Address): Promise<Address> {
    const stream = await this.#session.open();
    stream.on('error', () => {});
    sendLine(stream, { kind: 'listen' });
    const answer = await readDueMessage<RelayAnswer>(stream, this.#answerTimeoutMs);
    if (answer?.kind !== 'listening')
      throw new TransportError('ERR_LISTEN', 'The far end of the relay could not listen for the plugin.');
    this.#there.set(answer.address.address, { stream, host: address });
    stream.once('close', () => this.#there.delete(answer.address.address));
    stream.resume();
    const oldest = [...this.#there.values()][0];
    if (this.#there.size > MAX_FORWARDS) oldest?.stream.destroy();
    return answer.address;
  }

  /** Closes the sockets here. Idempotent, never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#here.keys()].map((key) => this.#forget(key)));
  }

  async #listen(key: string, address: Address): Promise<Listener> {
    const isFirst = this.#here.size === 0;
    let open = 0;
    const listener = await listenUnix({ socketDir: this.#socketDir });
    listener.unref?.();
    listener.connection$.subscribe((socket) => {
      socket.on('error', () => {});
      open += 1;
      socket.once('close', () => {
        open -= 1;
        // What a broker offers is dialed once. The first address is the plugin's own.
        if (open === 0 && !isFirst) void this.#forget(key);
      });
      this.#dial(socket, address).catch(() => socket.destroy());
    });
    return listener;
  }

  async #dial(socket: Duplex, address: Address): Promise<void> {
    const stream = await this.#session.open();
    stream.on('error', () => {});
    sendLine(stream, { kind: 'dial', address });
    const answer = await readDueMessage<RelayAnswer>(stream, this.#answerTimeoutMs);
    if (answer?.kind !== 'connected') throw new Error('nobody listens over there');
    join(socket, stream);
  }

  async #accepted(stream: Duplex): Promise<void> {
    const message = await readDueMessage<RelayAccepted>(stream, this.#answerTimeoutMs);
    const forward = this.#there.get(message?.address.address ?? '');
    if (forward === undefined) throw new Error('nobody listens here');
    join(stream, await dialerTo(forward.host).dial());
  }

  async #forget(key: string): Promise<void> {
    const listener = this.#here.get(key);
    this.#here.delete(key);
    await listener?.then((one) => one.close()).catch(() => {});
  }
}
