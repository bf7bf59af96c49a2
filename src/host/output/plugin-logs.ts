import type { Readable, Writable } from 'node:stream';
import { firstValueFrom, type Observable, ReplaySubject, Subject } from 'rxjs';
import { fromReadable } from '../../streams/from-readable.js';
import { createLogDecoder } from '../../streams/log-decoder.js';
import { settledWithin } from '../../streams/settled-within.js';
import { LineTail } from '../../wire/line-tail.js';
import type { LogEntry } from '../../wire/logs/log-entry.js';
import type { LogRecord } from '../../wire/logs/logger.js';

/** How a plugin's stderr is read, and who receives it. */
export interface PluginLogsOptions {
  readonly maxLogLineBytes: number;
  /** Receives the plugin's stderr as it is. Borrowed: never ended. */
  readonly stderr: Writable | undefined;
  readonly write: (entry: LogEntry) => void;
}

/** How long the last lines may take to arrive after the process has exited. */
const DRAIN_TIMEOUT_MS = 1000;

/** The log of one plugin: the lines of its real stderr, and the host's own remarks. */
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

  /** The plugin's last lines on stderr, oldest first. */
  get lastStderr(): readonly string[] {
    return this.#tail.lines;
  }

  /** Starts reading. Only the `stderr` sink can hold the plugin up. */
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

  /** Adds a remark of the host. */
  add(record: LogRecord): void {
    this.#entries.next({ ...record, kind: 'hclog', timestamp: undefined, raw: record.message });
  }

  /** Resolves when the last lines of a process that has exited are in, within a second. Never rejects. */
  async drained(): Promise<void> {
    if (this.#reading) await settledWithin(DRAIN_TIMEOUT_MS, firstValueFrom(this.#drained));
  }

  /** Completes the entries. */
  close(): void {
    this.#entries.complete();
  }

  #tell(entries: Iterable<LogEntry>): void {
    for (const entry of entries) this.#entries.next(entry);
  }
}
