import { errorMessage } from '../../errors.js';
import { examine } from './diagnose.js';
import type { CommandOptions } from './locate.js';

/** The cures for error codes whose cause is not the file. */
const CURES: Readonly<Record<string, string>> = {
  E2BIG: 'The arguments and the environment together are too long: pass less, or pass it in a file.',
  EAGAIN: 'The limit on processes is reached (ulimit -u, or pids of the container): end some, or raise it.',
  ENOMEM: 'There is not enough memory to start another process.',
  EMFILE: 'This process has too many open files: close some, or raise the limit (ulimit -n).',
  ENFILE: 'The system has too many open files.',
  ETXTBSY: 'The file is being written: wait until the build or download has finished.',
  EINVAL:
    'On Windows .cmd and .bat files cannot be run without a shell: give the program itself, for instance `node plugin.js`.',
  EPERM: 'The system does not permit it: check security profiles and quarantine attributes of the file.',
};

/** Why a program could not be started and what to do, as text for the user. Never rejects. */
export async function explainSpawnError(error: unknown, command: CommandOptions): Promise<string> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const cure = code === undefined ? undefined : CURES[code];
  const { finding, notes } = await examine(command);
  const reason = cure ?? finding ?? errorMessage(error);
  const heading = `The plugin ${command.file} could not be started${code === undefined ? '' : ` (${code})`}. ${reason}`;
  return [heading, ...notes.map((note) => `  ${note}`)].join('\n');
}
