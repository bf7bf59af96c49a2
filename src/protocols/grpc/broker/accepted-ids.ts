import { OptionsError, PluginCallError } from '../../../errors.js';

/**
 * How long an id rests after its use. go-plugin: a Go dialer keeps what was announced for 5 s, and a second announcement of the id
 * meanwhile can crash it (grpc_broker.go DialWithOptions closes a channel twice).
 */
const REST_MS = 10_000;

/** The ids that this side accepts or accepted a moment ago; whoever uses each one once never hears of it. */
export class AcceptedIds {
  readonly #accepted = new Set<number>();
  /** When each released id may be accepted again, in the order of the releases. */
  readonly #resting = new Map<number, number>();

  /** How many are accepted now. */
  get size(): number {
    return this.#accepted.size;
  }

  /** Throws OptionsError for what is no id, PluginCallError ERR_BROKER for one that is in use. */
  take(id: number): void {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff)
      throw new OptionsError(`Expected a broker id to be an integer from 0 to 4294967295, got ${String(id)}.`);
    this.#forgetRested();
    if (!this.#accepted.has(id) && !this.#resting.has(id)) {
      this.#accepted.add(id);
      return;
    }
    throw new PluginCallError(
      'ERR_BROKER',
      `Broker id ${id} is accepted already, or was within the last ${REST_MS / 1000} s: take a new one from \`nextId\`.`,
    );
  }

  release(id: number): void {
    if (this.#accepted.delete(id)) this.#resting.set(id, performance.now() + REST_MS);
  }

  #forgetRested(): void {
    for (const [id, untilMs] of this.#resting) {
      if (untilMs > performance.now()) return;
      this.#resting.delete(id);
    }
  }
}
