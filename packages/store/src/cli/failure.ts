import { PluginError } from 'rxplug';

/** What a script learns of a command: the codes of `rxplug`. */
export const ExitCode = {
  good: 0,
  /** A plugin, a signature or a key is not what it should be. */
  bad: 1,
  /** Wrong arguments. */
  usage: 2,
  /** A source cannot be reached, or does not let in. */
  source: 3,
} as const;

/** The end of a command that has failed: what is printed, and the exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const OF_SOURCE: ReadonlySet<string> = new Set(['ERR_SOURCE', 'ERR_CREDENTIALS']);

/** The flags for the options that messages of the package name. */
const FLAGS: readonly (readonly [option: RegExp, flag: string])[] = [
  [/`unsigned: 'allow'`/g, '--allow-unsigned'],
  [/`trust: \[old, new\]`/g, '`rxplug plugin trust NAME KEY`'],
  [/, and name it in `trust`, or confirm it by `confirmSigner`/g, ', and name it by --trust, or give --yes'],
  [/: `trust`, or --trust/g, ': --trust'],
  [/`trust`/g, '--trust'],
  [/`directory`/g, '--directory'],
  [/, `platform`\./g, ': --platform.'],
  [/Give it: `name`\./g, 'Give it: --name NAME.'],
  [/Expected `(as|name|range)`/g, 'Expected --$1'],
  [/Expected `unusedMs` to be a number of milliseconds from 0/g, 'Expected --days to be a number from 0'],
  [/set `overwrite`/g, 'give --overwrite'],
];

/** What a failed command prints, and how it ends. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (!PluginError.is(error)) return new CommandFailure(ExitCode.bad, shown(String(error)));
  if (error.code === 'ERR_OPTIONS') return new CommandFailure(ExitCode.usage, shown(inFlags(error.message)));
  const exitCode = OF_SOURCE.has(error.code) ? ExitCode.source : ExitCode.bad;
  return new CommandFailure(exitCode, shown(`${error.code}: ${inFlags(error.message)}`));
}

function inFlags(message: string): string {
  return FLAGS.reduce((text, [option, flag]) => text.replaceAll(option, flag), message);
}

/** Text of others for a terminal: what would drive it is shown as an escape. */
export function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
