import type { Duplex, Readable, Writable } from 'node:stream';

const MAX_CHUNK_BYTES = 65_536;

/**
 * Gives one standard stream of the program to the hosts that are connected, raw (go-plugin rpc_server.go ServeConn). Each byte goes to
 * one of them. Nothing is read while there is none, or none has room: the source fills up to its bound and its writers wait.
 */
export class StdioFeed {
  readonly #source: Readable;
  readonly #hosts = new Set<Duplex>();
  /** Called, and forgotten, when something was written or a host has left. */
  readonly #watchers = new Set<() => void>();
  #unwrittenChunks = 0;
  #isAttached = false;

  /** The source is borrowed. */
  constructor(source: Readable) {
    this.#source = source;
  }

  /** Feeds a stream until it closes or the source ends. The stream belongs to the feed from here on. */
  attach(host: Duplex): void {
    this.#hosts.add(host);
    host.on('drain', () => this.#feed());
    host.on('error', () => {});
    host.on('close', () => this.#leave(host));
    // The host sends nothing; reading notices its end.
    host.on('end', () => host.end());
    host.resume();
    this.#listen();
    if (this.#source.readableEnded) host.end();
    else this.#feed();
  }

  /** Resolves when everything that the source holds has been handed to a host's connection; at once when there is no host. */
  async flush(): Promise<void> {
    while (this.#hosts.size > 0) {
      // What the source still carries on its way to its reader arrives within a turn.
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
    this.#tell();
  }

  #leave(host: Duplex): void {
    this.#hosts.delete(host);
    this.#tell();
    this.#feed();
  }

  #tell(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}

/**
 * Copies what the plugin's program prints from its stream to where the host wants it, which is borrowed and never ended. What `target`
 * has no room for slows the plugin. Returns a function that resolves when everything received so far has been passed on.
 */
export function receiveStdio(stream: Duplex, target: Writable): () => Promise<void> {
  stream.on('error', () => {});
  stream.pipe(target, { end: false });
  return async () => {
    // A pipe pauses its source while the target is full; otherwise it holds nothing back.
    while (stream.isPaused() && !stream.closed) {
      await new Promise<void>((resolve) => {
        stream.once('resume', resolve).once('close', resolve);
      });
    }
  };
}
