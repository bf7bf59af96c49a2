import { basename } from 'node:path';
import type { ExecutableFormat } from './executable-format.js';

interface Language {
  readonly name: string;
  readonly programs: RegExp;
  readonly scripts: RegExp;
  /** The statement that prints a line at once. */
  readonly cure: string;
}

/** Languages that buffer stdout when it is a pipe. Go and Node do not; Rust and Java flush at the end of a line. */
const LANGUAGES: readonly Language[] = [
  { name: 'Python', programs: /^(?:python|pypy)[\d.]*$/, scripts: /\.pyz?$/, cure: '`print(line, flush=True)`' },
  { name: 'Ruby', programs: /^ruby[\d.]*$/, scripts: /\.rb$/, cure: '`$stdout.sync = true`' },
  { name: 'Perl', programs: /^perl[\d.]*$/, scripts: /\.pl$/, cure: '`$| = 1;`' },
  { name: 'Lua', programs: /^lua(?:jit)?[\d.]*$/, scripts: /\.lua$/, cure: '`io.stdout:flush()`' },
];

const COMPILED =
  'C and C++ buffer stdout when it is a pipe: flush it after the handshake with `fflush(stdout)` or `std::flush`.';

/**
 * How the author of a silent plugin flushes stdout, if the program may be in a language that buffers it: a handshake that was printed and
 * not flushed does not arrive. Undefined for any other program.
 */
export function bufferingNote(command: readonly string[], format: ExecutableFormat | undefined): string | undefined {
  const interpreter = format?.kind === 'script' ? [format.viaEnv ?? format.interpreter] : [];
  const words = [...command, ...interpreter].map((word) => basename(word));
  const language = LANGUAGES.find(({ programs, scripts }) =>
    words.some((word) => programs.test(word) || scripts.test(word)),
  );
  if (language !== undefined)
    return `${language.name} buffers stdout when it is a pipe: flush it after the handshake with ${language.cure}.`;
  return format?.kind === 'ELF' || format?.kind === 'Mach-O' || format?.kind === 'PE' ? COMPILED : undefined;
}
