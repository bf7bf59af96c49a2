import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReattachConfig } from 'rxplug';

/** The file by which hosts find the plugin of a sidecar, as long as the plugin serves. */
export class PublishedFile {
  readonly path: string;
  readonly #directory: string;
  #content: string | undefined;

  /** `directory` is absolute. */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.path = join(directory, `${name}.json`);
  }

  /** At once, so that it cannot come after the plugin's end. Whoever reads finds the old content or the new one, never half of it. */
  write({ pid: _pid, startTime: _startTime, id: _id, ...reattach }: ReattachConfig): void {
    const content = {
      sidecar: 1,
      generation: randomUUID(),
      directory: this.#directory,
      reattach: { ...reattach, ends: false },
      startedAt: new Date().toISOString(),
    };
    this.#content = `${JSON.stringify(content)}\n`;
    const draft = `${this.path}.${process.pid}.draft`;
    writeFileSync(draft, this.#content);
    // Others are to read it, whatever the umask. It has nothing secret in it: the socket is what is guarded.
    chmodSync(draft, 0o644);
    renameSync(draft, this.path);
  }

  /** Unless another sidecar has published since. At once, since it is called when the process ends. */
  readonly remove = (): void => {
    try {
      if (readFileSync(this.path, 'utf8') === this.#content) rmSync(this.path);
    } catch {}
  };
}
