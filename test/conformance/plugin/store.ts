import { concat, defer, filter, type Observable, Subject } from 'rxjs';

/** A key's value and how often the key was written. */
export interface Entry {
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly value: Uint8Array | undefined;
  readonly revision: bigint;
}

/** The key-value store behind the plugin. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #revisions = new Map<string, bigint>();
  readonly #changes = new Subject<Entry>();

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  put(key: string, value: Uint8Array): bigint {
    const entry = { key, value, revision: this.#nextRevision(key) };
    this.#entries.set(key, entry);
    this.#changes.next(entry);
    return entry.revision;
  }

  delete(key: string): boolean {
    if (!this.#entries.delete(key)) return false;
    this.#changes.next({ key, value: undefined, revision: this.#nextRevision(key) });
    return true;
  }

  /** What is there under a prefix, in the order of the keys. */
  list(prefix: string): Entry[] {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => this.#entries.get(key)!);
  }

  /** Cold: what happens under a prefix from the subscription on; with `existing`, after what is there. Never ends. */
  watch(prefix: string, existing: boolean): Observable<Entry> {
    const changes$ = this.#changes.pipe(filter((entry) => entry.key.startsWith(prefix)));
    return existing
      ? concat(
          defer(() => this.list(prefix)),
          changes$,
        )
      : changes$;
  }

  #nextRevision(key: string): bigint {
    const revision = (this.#revisions.get(key) ?? 0n) + 1n;
    this.#revisions.set(key, revision);
    return revision;
  }
}
