import type { Duplex } from 'node:stream';
import { setImmediate } from '../../../streams/turns.js';
import type { Logger } from '../../../wire/logs/logger.js';
import type { ServerCallListener } from './call.js';
import type { Caller } from './response-limit.js';

/** Limits of messages, in bytes. */
export interface MessageLimits {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
}

type Closed = Pick<ServerCallListener, 'onClose'>;

/** What a server says of all its connections. */
export interface PeerOptions extends MessageLimits {
  readonly logger: Logger;
}

/** The connection on which calls come, and the limits that apply to them. */
export class Peer implements MessageLimits, Caller {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly connection: Duplex;
  readonly logger: Logger;
  /** `address:port`, or `unknown` where the transport has none. */
  readonly address: string;
  #closed: Closed[] = [];
  readonly #maxHeaderListBytes: () => number;
  #abandoned = 0;
  #crowdTold = false;

  constructor(connection: Duplex, options: PeerOptions, maxHeaderListBytes: () => number) {
    this.maxReceiveMessageBytes = options.maxReceiveMessageBytes;
    this.maxSendMessageBytes = options.maxSendMessageBytes;
    this.logger = options.logger;
    this.connection = connection;
    this.#maxHeaderListBytes = maxHeaderListBytes;
    const parts = [Reflect.get(connection, 'remoteAddress'), Reflect.get(connection, 'remotePort')];
    this.address = parts.filter((part) => part !== undefined).join(':') || 'unknown';
  }

  /** What the peer has announced by now. */
  get maxHeaderListBytes(): number {
    return this.#maxHeaderListBytes();
  }

  /** Calls that have ended, and whose handlers are to be told in this turn. */
  get closing(): number {
    return this.#closed.length;
  }

  /** Handlers that may still run after the end of their call. They are counted, so that fast cancelling cannot start any number of them. */
  get abandoned(): number {
    return this.#closed.length + this.#abandoned;
  }

  /** Says once for the connection why its calls are refused: the caller learns the code of HTTP/2 alone. */
  tellCrowd(path: string, maxConcurrentStreams: number): void {
    if (this.#crowdTold) return;
    this.#crowdTold = true;
    const fields = { method: path, stillRunning: this.abandoned, maxConcurrentStreams };
    this.logger.warn(
      'calls are refused: too many handlers of calls that have ended still run. End them when call.signal is aborted; a generator ends at ' +
        'its next yield, and never while it awaits what never comes',
      fields,
    );
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
