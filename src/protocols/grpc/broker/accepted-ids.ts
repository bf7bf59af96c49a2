import { OptionsError, PluginCallError } from '../../../errors.js';

/**
 * How long a released id cannot be accepted again. go-plugin: a Go dialer keeps an announcement for 5 s, and a second announcement of
 * the same id meanwhile can crash it (grpc_broker.go DialWithOptions closes a channel twice).
 */
const REUSE_DELAY_MS = 10_000;

/** The ids that this side accepts, or released within the reuse delay. */
export class AcceptedIds {
  readonly #accepted = new Set<number>();
  /** When each released id may be accepted again, in the order of their release. */
  readonly #reusableAtMs = new Map<number, number>();

  /** How many are accepted now. */
  get size(): number {
    return this.#accepted.size;
  }

  /** Throws OptionsError for an invalid id, PluginCallError ERR_BROKER for one that cannot be accepted (again) yet. */
  acquire(id: number): void {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff)
      throw new OptionsError(`Expected a broker id to be an integer from 0 to 4294967295, got ${String(id)}.`);
    this.#forgetReusable();
    if (!this.#accepted.has(id) && !this.#reusableAtMs.has(id)) {
      this.#accepted.add(id);
      return;
    }
    throw new PluginCallError(
      'ERR_BROKER',
      `Broker id ${id} is accepted already, or was within the last ${REUSE_DELAY_MS / 1000} s: take a new one from \`nextId\`.`,
    );
  }

  release(id: number): void {
    if (this.#accepted.delete(id)) this.#reusableAtMs.set(id, performance.now() + REUSE_DELAY_MS);
  }

  #forgetReusable(): void {
    for (const [id, reusableAtMs] of this.#reusableAtMs) {
      if (reusableAtMs > performance.now()) return;
      this.#reusableAtMs.delete(id);
    }
  }
}
