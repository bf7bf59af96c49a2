import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** The files of a command line: the program, unless it is looked up in the PATH, and the script that an interpreter runs. */
export function watchedFiles([program, ...args]: readonly [string, ...string[]], cwd: string): readonly string[] {
  const named = /[/\\]/.test(program) ? [program, ...args] : args;
  return named.map((path) => resolve(cwd, path)).filter(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
