import type { Duplex } from 'node:stream';
import type { ServerCallListener } from './call.js';

/** Limits of messages, in bytes. */
export interface MessageLimits {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
}

type Closed = Pick<ServerCallListener, 'onClose'>;

/** The connection on which calls come, and the limits that apply to them. */
export class Peer implements MessageLimits {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly connection: Duplex;
  /** `address:port`, or `unknown` where the transport has none. */
  readonly address: string;
  #closed: Closed[] = [];

  constructor(connection: Duplex, limits: MessageLimits) {
    this.maxReceiveMessageBytes = limits.maxReceiveMessageBytes;
    this.maxSendMessageBytes = limits.maxSendMessageBytes;
    this.connection = connection;
    const parts = [Reflect.get(connection, 'remoteAddress'), Reflect.get(connection, 'remotePort')];
    this.address = parts.filter((part) => part !== undefined).join(':') || 'unknown';
  }

  /** Notifies calls of their end in a batch, after this turn's responses are flushed. */
  notifyClosed(call: Closed): void {
    this.#closed.push(call);
    if (this.#closed.length === 1) setImmediate(() => this.#notify());
  }

  #notify(): void {
    const closed = this.#closed;
    this.#closed = [];
    for (const call of closed) call.onClose();
  }
}
