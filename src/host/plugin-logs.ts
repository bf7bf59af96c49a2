import type { Readable, Writable } from 'node:stream';
import { firstValueFrom, type Observable, ReplaySubject, Subject, timeout } from 'rxjs';
import { fromReadable } from '../streams/from-readable.js';
import { createLogDecoder } from '../streams/logs.js';
import { LineTail } from '../wire/line-tail.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import type { LogRecord } from '../wire/logs/logger.js';

/** How a plugin's stderr is read, and who is told. */
export interface PluginLogsOptions {
  readonly maxLogLineBytes: number;
  /** Receives the plugin's stderr as it is. Borrowed: never ended. */
  readonly stderr: Writable | undefined;
  readonly write: (entry: LogEntry) => void;
}

/** After the process is gone its last lines are on their way for a moment at most. */
const DRAIN_TIMEOUT_MS = 1000;

/** What a plugin says on its real stderr, and what the host has to say about it. */
export class PluginLogs {
  readonly entries$: Observable<LogEntry>;
  readonly #options: PluginLogsOptions;
  readonly #entries = new Subject<LogEntry>();
  readonly #tail = new LineTail();
  readonly #drained = new ReplaySubject<void>(1);
  #reading = false;

  constructor(options: PluginLogsOptions) {
    this.#options = options;
    this.entries$ = this.#entries.asObservable();
    this.#entries.subscribe(options.write);
  }

  /** The plugin's last lines, oldest first. */
  get tail(): readonly string[] {
    return this.#tail.lines;
  }

  /** Begins to read; from here on the plugin is never held up by its stderr, save by the host's own `stderr` sink. */
  read(stderr: Readable): void {
    const { maxLogLineBytes: maxLineBytes, stderr: sink } = this.#options;
    this.#reading = true;
    if (sink !== undefined) stderr.pipe(sink, { end: false });
    let endsLine = true;
    const finish = () => {
      if (!endsLine) sink?.write('\n');
      this.#drained.next();
    };
    const decoder = createLogDecoder({ maxLineBytes, tail: this.#tail });
    fromReadable(stderr).subscribe({
      next: (chunk) => {
        endsLine = chunk.at(-1) === 0x0a;
        this.#tell(decoder.push(chunk));
      },
      error: finish,
      complete: () => {
        this.#tell(decoder.end?.() ?? []);
        finish();
      },
    });
  }

  /** Says something of the host's own. */
  add(record: LogRecord): void {
    this.#entries.next({ ...record, kind: 'hclog', timestamp: undefined, raw: record.message });
  }

  /** Completes the entries, after the last lines of a plugin that is dead. */
  async close({ dead }: { readonly dead: boolean }): Promise<void> {
    if (dead && this.#reading) await firstValueFrom(this.#drained.pipe(timeout(DRAIN_TIMEOUT_MS))).catch(() => {});
    this.#entries.complete();
  }

  #tell(entries: Iterable<LogEntry>): void {
    for (const entry of entries) this.#entries.next(entry);
  }
}
