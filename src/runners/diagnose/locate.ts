import { stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/** A program as in the client's options, with the environment that it is looked up in. */
export interface CommandOptions {
  readonly file: string;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The default PATH of the C library. */
const DEFAULT_PATH = '/usr/bin:/bin';

/** True for a name that is looked up in PATH, false for a path. */
export function isBareName(file: string): boolean {
  return !file.includes('/') && !(process.platform === 'win32' && file.includes('\\'));
}

/** The directories of PATH. */
export function searchPathOf(env: Readonly<Record<string, string>>): string[] {
  const windows = Object.keys(env).find((name) => name.toUpperCase() === 'PATH');
  const path = process.platform === 'win32' ? env[windows ?? 'PATH'] : env['PATH'];
  return (path ?? DEFAULT_PATH).split(delimiter);
}

/** The absolute path of a command's program; undefined when a bare name is not found in PATH. A path need not exist. */
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
