/** What a script learns of a command. */
export const ExitCode = {
  good: 0,
  /** The plugin answered, and badly: a status that is not OK. */
  bad: 1,
  /** Wrong arguments. */
  usage: 2,
  /** The plugin could not be started or connected. */
  start: 3,
  timeout: 4,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error of the command's user: its message is all that is printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The end of a command that has failed: what is printed, and the exit code. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
