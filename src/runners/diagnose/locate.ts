import { stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/** A program as it was asked for. */
export interface CommandOptions {
  readonly file: string;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where a program without a PATH is looked for: the C library's default. */
const DEFAULT_PATH = '/usr/bin:/bin';

/** True when the program is looked up in PATH instead of being a path itself. */
export function isBareName(file: string): boolean {
  return !file.includes('/') && !(process.platform === 'win32' && file.includes('\\'));
}

/** The directories that a bare name is looked up in. */
export function searchPathOf(env: Readonly<Record<string, string>>): string[] {
  const windows = Object.keys(env).find((name) => name.toUpperCase() === 'PATH');
  const path = process.platform === 'win32' ? env[windows ?? 'PATH'] : env['PATH'];
  return (path ?? DEFAULT_PATH).split(delimiter);
}

/** The file that a command runs, absolute; undefined when a bare name is nowhere in PATH. A file that is no file is found too. */
export async function locate(command: CommandOptions): Promise<string | undefined> {
  if (!isBareName(command.file)) return resolve(command.cwd, command.file);
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.com'] : [''];
  for (const directory of searchPathOf(command.env)) {
    for (const suffix of suffixes) {
      const path = join(resolve(command.cwd, directory), command.file + suffix);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() === true) return path;
    }
  }
  return undefined;
}
