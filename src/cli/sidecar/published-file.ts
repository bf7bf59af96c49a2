import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReattachConfig } from 'rxplug';
import { CommandFailure, ExitCode } from '../process/exit-code.js';

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

  /**
   * At once, so that it cannot come after the plugin's end. Whoever reads finds the old content or the new one, never half of it. Throws CommandFailure for a
   * plugin that others cannot reach, and when the file cannot be written.
   */
  write({ pid: _pid, startTime: _startTime, id: _id, ...reattach }: ReattachConfig): void {
    if (reattach.network === 'unix' && !reattach.address.startsWith(`${this.#directory}/`))
      throw elsewhere(reattach.address, this.#directory);
    const content = {
      sidecar: 1,
      generation: randomUUID(),
      directory: this.#directory,
      reattach: { ...reattach, ends: false },
      startedAt: new Date().toISOString(),
    };
    this.#content = `${JSON.stringify(content)}\n`;
    const draft = `${this.path}.${process.pid}.draft`;
    try {
      writeFileSync(draft, this.#content);
      // Others are to read it, whatever the umask. It has nothing secret in it: the socket is what is guarded.
      chmodSync(draft, 0o644);
      renameSync(draft, this.path);
    } catch (error) {
      throw new CommandFailure(ExitCode.start, `The plugin cannot be published: ${errorText(error)}.`);
    }
  }

  /** Unless another sidecar has published since. At once, since it is called when the process ends. */
  readonly remove = (): void => {
    try {
      if (readFileSync(this.path, 'utf8') === this.#content) rmSync(this.path);
    } catch {}
  };
}

function elsewhere(address: string, directory: string): CommandFailure {
  return new CommandFailure(
    ExitCode.start,
    `The plugin listens at ${address}, where no other container can reach it: expected a socket in ${directory}. Before version 1.5.0 go-plugin ` +
      `does not ask the host where that is to be, but TMPDIR: start the sidecar with --env TMPDIR=${directory}, or build the plugin with a newer one.`,
  );
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
