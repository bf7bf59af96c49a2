import { PluginCallError } from '../../errors.js';
import { Deadline } from './deadline.js';

interface PendingPing {
  readonly sentAtMs: number;
  readonly deadline: Deadline;
  resolve(roundTripMs: number): void;
  reject(error: Error): void;
}

/** Our pings that are not answered yet. */
export class Pings {
  readonly #send: (value: number) => void;
  readonly #pending = new Map<number, PendingPing>();
  #nextValue = 0;
  #refusal: Error | undefined;

  /** `send` sends a ping with a value, which the peer returns. */
  constructor(send: (value: number) => void) {
    this.#send = send;
  }

  get pending(): number {
    return this.#pending.size;
  }

  ping(timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      const value = this.#nextValue;
      this.#nextValue = (value + 1) >>> 0;
      const deadline = new Deadline(timeoutMs, () => {
        this.#pending.delete(value);
        reject(unanswered(timeoutMs));
      });
      deadline.arm();
      this.#pending.set(value, { sentAtMs: performance.now(), deadline, resolve, reject });
      this.#send(value);
    });
  }

  /** The answer to a ping. Values of no ping are ignored, as in Go. */
  onAnswer(value: number): void {
    const ping = this.#pending.get(value);
    if (ping === undefined) return;
    this.#pending.delete(value);
    ping.deadline.cancel();
    ping.resolve(performance.now() - ping.sentAtMs);
  }

  /** The session has ended. */
  close(reason: Error): void {
    this.#refusal = reason;
    for (const ping of this.#pending.values()) {
      ping.deadline.cancel();
      ping.reject(reason);
    }
    this.#pending.clear();
  }
}

function unanswered(timeoutMs: number): PluginCallError {
  return new PluginCallError('ERR_PING', `The peer did not answer a yamux ping within ${timeoutMs} ms.`);
}
