import { ENTRY_OVERHEAD_BYTES } from './static-table.js';

const MIN_SLOTS = 8;

/** HPACK's dynamic table (RFC 7541 §2.3.2, §4): a ring of fields, of which the oldest are evicted. */
export class DynamicTable {
  /** Changes with the meaning of the indices: results that were computed from indices are invalid then. */
  generation = 0;
  /** Most tables stay small, so the ring grows with the fields in it. */
  #names: string[] = [];
  #values: string[] = [];
  /** Length of the ring less one, a power of two less one; -1 while there is none. */
  #mask = -1;
  /** Slot of the next field. */
  #next = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes: number;

  /** `capacityBytes`: the largest size that the table may be given. */
  constructor(capacityBytes: number) {
    this.#maxBytes = capacityBytes;
  }

  get count(): number {
    return this.#count;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Whether a field can be added without evicting another. */
  hasRoom(name: string, value: string): boolean {
    return this.#bytes + name.length + value.length + ENTRY_OVERHEAD_BYTES <= this.#maxBytes;
  }

  /** Name of the field before which `age` others were added since; 0 is the newest. `age` must be below `count`. */
  name(age: number): string {
    return this.#names[(this.#next - 1 - age) & this.#mask]!;
  }

  /** Value of the field with that `age`. */
  value(age: number): string {
    return this.#values[(this.#next - 1 - age) & this.#mask]!;
  }

  /** Adds a field and evicts as many as necessary. False for one that is larger than the table, which is empty then (RFC 7541 §4.4). */
  add(name: string, value: string): boolean {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.generation += 1;
    this.#evict(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return false;
    if (this.#count > this.#mask) this.#grow();
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) & this.#mask;
    this.#count += 1;
    this.#bytes += bytes;
    return true;
  }

  /** Changes the size limit (RFC 7541 §4.3), up to the capacity. */
  resize(maxBytes: number): void {
    this.generation += 1;
    this.#evict(maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** The oldest field goes to the first slot. */
  #grow(): void {
    const slots = Math.max(MIN_SLOTS, this.#names.length * 2);
    const ages = Array.from({ length: slots }, (_, slot) => this.#count - 1 - slot);
    const names = ages.map((age) => (age < 0 ? '' : this.name(age)));
    this.#values = ages.map((age) => (age < 0 ? '' : this.value(age)));
    this.#names = names;
    this.#mask = slots - 1;
    this.#next = this.#count;
  }

  #evict(maxBytes: number): void {
    while (this.#count > 0 && this.#bytes > maxBytes) {
      const oldest = (this.#next - this.#count) & this.#mask;
      this.#bytes -= this.#names[oldest]!.length + this.#values[oldest]!.length + ENTRY_OVERHEAD_BYTES;
      this.#names[oldest] = '';
      this.#values[oldest] = '';
      this.#count -= 1;
    }
  }
}
