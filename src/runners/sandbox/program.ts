import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StartError } from '../../errors.js';
import { examine } from '../diagnose/diagnose.js';
import { readExecutableFormat } from '../diagnose/executable-format.js';
import { locate } from '../diagnose/locate.js';
import type { VerifiedCommand } from '../secure/verified-plugin.js';

/** What a command needs in the sandbox, besides the system. */
export interface ProgramFiles {
  /** The program's absolute path. */
  readonly program: string;
  /** Absolute paths of files: the program, its interpreter, the libraries of Node, arguments that are files. */
  readonly files: readonly string[];
  /** Folders that PATH has to have, where `env` finds interpreters. */
  readonly searched: readonly string[];
}

/** Finds what a command needs. Rejects with StartError ERR_SPAWN for a program that is not there or cannot be run. */
export async function programFiles(command: VerifiedCommand): Promise<ProgramFiles> {
  const { finding } = await examine(command);
  const program = await locate(command);
  if (finding !== undefined || program === undefined)
    throw new StartError(
      'ERR_SPAWN',
      `The plugin ${command.file} could not be started. ${finding ?? 'There is no such program.'}`,
    );
  const interpreter = await interpreterOf(program, command);
  const programs = [program, ...interpreter.files];
  return {
    program,
    files: [...programs, ...(await librariesOf(programs)), ...(await filesAmong(command))],
    searched: interpreter.searched,
  };
}

/** The interpreter in the first line of a script. */
async function interpreterOf(program: string, command: VerifiedCommand): Promise<Omit<ProgramFiles, 'program'>> {
  const format = await readExecutableFormat(program).catch(() => undefined);
  if (format?.kind !== 'script') return { files: [], searched: [] };
  const named = format.viaEnv === undefined ? undefined : await locate({ ...command, file: format.viaEnv });
  if (named === undefined) return { files: [format.interpreter], searched: [] };
  return { files: [format.interpreter, named], searched: [dirname(named)] };
}

/**
 * The shared libraries of Node, where it is this one that is to run: those that are loaded here. (ldd would run the loader of whatever
 * file it is given.)
 */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const own = await realpath(process.execPath).catch(() => process.execPath);
  const real = await Promise.all(programs.map((path) => realpath(path).catch(() => path)));
  if (!real.includes(own)) return [];
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  return [...new Set(maps.match(/\/\S+\.so(?:\.\d+)*$/gm))];
}

async function filesAmong({ args, cwd }: VerifiedCommand): Promise<string[]> {
  const paths = args.filter((word) => word !== '' && !word.startsWith('-')).map((word) => resolve(cwd, word));
  const files = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => files[index]);
}
