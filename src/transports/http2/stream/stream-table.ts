import type { SessionStream } from './stream.js';

const MIN_SLOTS = 16;
const MAX_SLOTS = 4096;

/**
 * The streams of a session that are open or half-closed, by id.
 *
 * Ids are consecutive, so a stream's slot follows from its id; a stream whose slot is taken by one that lasts longer goes to a Map. With
 * every stream in a Map a call took twice the CPU time (64 in flight, 7 instead of 3.5 µs, Node 20): when a Map grows, V8 links its former
 * table to the new one, and a table that has become old keeps all later ones, with every stream in them, from being collected young.
 */
export class StreamTable {
  #slots: (SessionStream | undefined)[] = emptySlots(MIN_SLOTS);
  readonly #displaced = new Map<number, SessionStream>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): SessionStream | undefined {
    const found = this.#slots[this.#slotOf(id)];
    if (found?.id === id) return found;
    return this.#displaced.size === 0 ? undefined : this.#displaced.get(id);
  }

  /** The stream's id is set, and not in the table. */
  add(stream: SessionStream): void {
    if (this.#size * 2 >= this.#slots.length && this.#slots.length < MAX_SLOTS) this.#grow();
    this.#size += 1;
    this.#put(stream);
  }

  /** False when the stream is not in the table. */
  remove(id: number): boolean {
    const slot = this.#slotOf(id);
    if (this.#slots[slot]?.id === id) this.#slots[slot] = undefined;
    else if (!this.#displaced.delete(id)) return false;
    this.#size -= 1;
    return true;
  }

  /** The streams in the table at this moment, the oldest first. */
  all(): SessionStream[] {
    const inSlots = this.#slots.filter((stream) => stream !== undefined);
    return [...inSlots, ...this.#displaced.values()].sort((a, b) => a.id - b.id);
  }

  /** All ids of a session are odd. */
  #slotOf(id: number): number {
    return (id >>> 1) & (this.#slots.length - 1);
  }

  #put(stream: SessionStream): void {
    const slot = this.#slotOf(stream.id);
    if (this.#slots[slot] === undefined) this.#slots[slot] = stream;
    else this.#displaced.set(stream.id, stream);
  }

  #grow(): void {
    const streams = this.all();
    this.#slots = emptySlots(this.#slots.length * 2);
    this.#displaced.clear();
    for (const stream of streams) this.#put(stream);
  }
}

function emptySlots(count: number): undefined[] {
  return Array.from<undefined>({ length: count });
}
