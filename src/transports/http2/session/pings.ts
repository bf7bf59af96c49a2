import { ClosedError, TransportError } from '../../../errors.js';
import type { ControlFrames } from './control-frames.js';

/** Pings that may be under way at once. */
const MAX_PINGS = 64;

/** The PINGs of a session, told apart by a number in their eight bytes. */
export class Pings {
  readonly #control: ControlFrames;
  /** What settles the ping of a number: well, or with an error. */
  readonly #pending = new Map<number, (error?: Error) => void>();
  #last = 0;
  #over = false;

  constructor(control: ControlFrames) {
    this.#control = control;
  }

  /** Resolves with the round trip in milliseconds; rejects when `timeoutMs` has passed or the session is over. */
  ping(timeoutMs: number): Promise<number> {
    if (this.#over)
      return Promise.reject(new ClosedError('ERR_CLOSED', 'The HTTP/2 session is over: nothing to ping.'));
    if (this.#pending.size >= MAX_PINGS) return Promise.reject(lost(`${MAX_PINGS} are unanswered already`));
    return new Promise((resolve, reject) => {
      this.#last += 1;
      const id = this.#last;
      const sentAt = performance.now();
      const settle = (error?: Error) => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if (error === undefined) resolve(performance.now() - sentAt);
        else reject(error);
      };
      const timer = setTimeout(() => settle(lost(`no answer within ${timeoutMs} ms`)), timeoutMs);
      timer.unref();
      this.#pending.set(id, settle);
      this.#send(id);
    });
  }

  /** A PING frame with the ACK flag; one that was never sent is ignored. */
  onAck(data: Uint8Array, from: number): void {
    let id = 0;
    for (let index = 0; index < 8; index += 1) id = id * 256 + data[from + index]!;
    this.#pending.get(id)?.();
  }

  /** The session is over, and every ping with it. */
  end(cause?: Error): void {
    this.#over = true;
    for (const settle of this.#pending.values()) settle(lost('the session ended first', cause));
  }

  #send(id: number): void {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, BigInt(id));
    this.#control.ping(false, data, 0);
  }
}

function lost(what: string, cause?: Error): TransportError {
  return new TransportError('ERR_CONNECTION_LOST', `PING: ${what}.`, cause === undefined ? {} : { cause });
}
