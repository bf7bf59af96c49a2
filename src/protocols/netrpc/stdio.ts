import type { Duplex, Readable, Writable } from 'node:stream';
import { setImmediate } from '../../streams/turns.js';

const MAX_CHUNK_BYTES = 65_536;

/**
 * Copies one standard stream of the program to the connected hosts, as raw bytes (go-plugin rpc_server.go ServeConn). Each byte goes to
 * one host. Nothing is read while no host is connected or none has room: the source fills up to its high-water mark.
 */
export class StdioFeed {
  readonly #source: Readable;
  readonly #hosts = new Set<Duplex>();
  /** Called once when a chunk was written or a host has disconnected. */
  readonly #watchers = new Set<() => void>();
  #unwrittenChunks = 0;
  #isAttached = false;

  /** The source is not destroyed here. */
  constructor(source: Readable) {
    this.#source = source;
  }

  /** Copies to a host's stream until that closes or the source ends. Owns the stream from here on. */
  attach(host: Duplex): void {
    this.#hosts.add(host);
    host.on('drain', () => this.#feed());
    host.on('error', () => {});
    host.on('close', () => this.#detach(host));
    // The host sends nothing; reading detects the end of the stream.
    host.on('end', () => host.end());
    host.resume();
    this.#listen();
    if (this.#source.readableEnded) host.end();
    else this.#feed();
  }

  /** Resolves when everything in the source has been written to a host's connection; at once without a host. */
  async flush(): Promise<void> {
    while (this.#hosts.size > 0) {
      // A Transform passes on within a turn what was written to it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#feed();
      if (this.#unwrittenChunks === 0 && this.#source.readableLength === 0) return;
      if (this.#hosts.size > 0) await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  #listen(): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    this.#source.on('readable', () => this.#feed());
    this.#source.on('end', () => {
      for (const host of this.#hosts) host.end();
    });
  }

  #feed(): void {
    for (const host of this.#hosts) {
      while (host.writable && !host.writableNeedDrain) {
        const chunk = this.#read();
        if (chunk === null) return;
        this.#unwrittenChunks += 1;
        host.write(chunk, () => this.#onWritten());
      }
    }
  }

  #read(): Uint8Array | null {
    const bytes = Math.min(this.#source.readableLength, MAX_CHUNK_BYTES);
    return (bytes > 0 ? this.#source.read(bytes) : this.#source.read(0)) as Uint8Array | null;
  }

  #onWritten(): void {
    this.#unwrittenChunks -= 1;
    this.#notify();
  }

  #detach(host: Duplex): void {
    this.#hosts.delete(host);
    this.#notify();
    this.#feed();
  }

  #notify(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}

/**
 * Copies a plugin's stdout or stderr from its yamux stream to `target`, which is never ended here. Backpressure of `target` reaches the
 * plugin. Returns a function that resolves when everything received so far has been passed on.
 */
export function receiveStdio(stream: Duplex, target: Writable): () => Promise<void> {
  stream.on('error', () => {});
  stream.pipe(target, { end: false });
  return async () => {
    // `pipe` pauses its source while the target is full; otherwise nothing is pending.
    while (stream.isPaused() && !stream.closed) {
      await new Promise<void>((resolve) => {
        stream.once('resume', resolve).once('close', resolve);
      });
    }
  };
}
