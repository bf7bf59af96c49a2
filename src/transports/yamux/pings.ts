import { PluginCallError } from '../../errors.js';
import { Deadline } from './deadline.js';

interface PendingPing {
  readonly sentAtMs: number;
  readonly deadline: Deadline;
  resolve(roundTripMs: number): void;
  reject(error: Error): void;
}

/** Our pings that wait for their answers. */
export class Pings {
  readonly #send: (value: number) => void;
  readonly #pending = new Map<number, PendingPing>();
  #nextValue = 0;
  #refusal: Error | undefined;

  /** `send` asks the peer to echo a value. */
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

  /** The peer echoed a value. Values that nobody waits for are ignored, as Go does. */
  answer(value: number): void {
    const ping = this.#pending.get(value);
    if (ping === undefined) return;
    this.#pending.delete(value);
    ping.deadline.cancel();
    ping.resolve(performance.now() - ping.sentAtMs);
  }

  /** The session is over. */
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
