import type { FileHandle } from 'node:fs/promises';

/** Linux reads no more of a file to find its interpreter (BINPRM_BUF_SIZE). */
const MAX_LINE_BYTES = 256;

/** What env(1) expands in the text of `-S`. */
const EXPANDED_BY_ENV = /["'\\$#]/;

/**
 * The command of a script's first line `#!…`: the interpreter and its arguments. The kernel passes the rest of the line as one argument;
 * `env -S` splits it, which is done here. Undefined for a file that is no script, and for a line that cannot be taken apart.
 */
export async function readInterpreterLine(file: FileHandle): Promise<[string, ...string[]] | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LINE_BYTES), 0, MAX_LINE_BYTES, 0);
  const head = buffer.toString('utf8', 0, bytesRead) + (bytesRead < MAX_LINE_BYTES ? '\n' : '');
  const [, program, argument = ''] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*)\n/.exec(head) ?? [];
  if (program === undefined) return undefined;
  const rest = argument.trimEnd();
  if (!program.endsWith('/env')) return rest === '' ? [program] : [program, rest];
  const split = /^(?:-S|--split-string[ =])[ \t]*(.*)$/.exec(rest)?.[1];
  if (split === undefined) return rest === '' ? undefined : [program, rest];
  return EXPANDED_BY_ENV.test(split) ? undefined : [program, ...split.split(/[ \t]+/)];
}

/** True for a file that begins with `#!`. */
export async function isScript(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return buffer.toString('latin1', 0, bytesRead) === '#!';
}
