import { ClosedError, TransportError } from '../../../errors.js';
import { setLoopTimeout } from '../../../streams/loop-timeout.js';

/** PINGs that may be unanswered at once. */
const MAX_PINGS = 64;

/** The PINGs of a session; a number in their eight bytes identifies each. */
export class Pings {
  readonly #send: (data: Uint8Array) => void;
  /** Settles the ping of a number. */
  readonly #pending = new Map<number, (error?: Error) => void>();
  #last = 0;
  #ended = false;

  /** `send` sends a PING with eight bytes of data. */
  constructor(send: (data: Uint8Array) => void) {
    this.#send = send;
  }

  /** Resolves with the round trip in milliseconds; rejects when `timeoutMs` has passed or the session has ended. */
  ping(timeoutMs: number): Promise<number> {
    if (this.#ended) return Promise.reject(new ClosedError('ERR_CLOSED', 'The HTTP/2 session has ended.'));
    if (this.#pending.size >= MAX_PINGS) return Promise.reject(failed(`${MAX_PINGS} are unanswered already`));
    return new Promise((resolve, reject) => {
      this.#last += 1;
      const id = this.#last;
      const sentAt = performance.now();
      const settle = (error?: Error) => {
        cancelTimeout();
        this.#pending.delete(id);
        if (error === undefined) resolve(performance.now() - sentAt);
        else reject(error);
      };
      const late = () => settle(failed(`no answer within ${timeoutMs} ms`));
      const cancelTimeout = setLoopTimeout(late, timeoutMs, { ref: false });
      this.#pending.set(id, settle);
      const data = new Uint8Array(8);
      new DataView(data.buffer).setBigUint64(0, BigInt(id));
      this.#send(data);
    });
  }

  /** PING with the ACK flag; one that does not belong to a ping is ignored. */
  onAck(data: Uint8Array, from: number): void {
    let id = 0;
    for (let index = 0; index < 8; index += 1) id = id * 256 + data[from + index]!;
    this.#pending.get(id)?.();
  }

  /** The session has ended: every ping is rejected. */
  end(cause?: Error): void {
    this.#ended = true;
    for (const settle of this.#pending.values()) settle(failed('the session ended first', cause));
  }
}

function failed(what: string, cause?: Error): TransportError {
  return new TransportError('ERR_CONNECTION_LOST', `PING: ${what}.`, cause === undefined ? {} : { cause });
}
