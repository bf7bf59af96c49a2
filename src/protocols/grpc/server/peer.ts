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
  #abandoned = 0;

  constructor(connection: Duplex, limits: MessageLimits) {
    this.maxReceiveMessageBytes = limits.maxReceiveMessageBytes;
    this.maxSendMessageBytes = limits.maxSendMessageBytes;
    this.connection = connection;
    const parts = [Reflect.get(connection, 'remoteAddress'), Reflect.get(connection, 'remotePort')];
    this.address = parts.filter((part) => part !== undefined).join(':') || 'unknown';
  }

  /** Handlers that may still run although their call is over: a caller that cancels calls fast must not have any number of them run. */
  get abandoned(): number {
    return this.#closed.length + this.#abandoned;
  }

  /** Notifies calls of their end in a batch, after this turn's responses are flushed. */
  notifyClosed(call: Closed): void {
    this.#closed.push(call);
    if (this.#closed.length === 1) setImmediate(() => this.#notify());
  }

  #notify(): void {
    const closed = this.#closed;
    this.#closed = [];
    for (const call of closed) {
      const running = call.onClose();
      if (running !== undefined) void this.#countWhile(running);
    }
  }

  async #countWhile(running: PromiseLike<unknown>): Promise<void> {
    this.#abandoned += 1;
    try {
      await running;
    } catch {
      // The call has ended: there is no caller to send the handler's error to.
    } finally {
      this.#abandoned -= 1;
    }
  }
}
