import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { errorMessage } from '../../errors.js';
import { type ExecutableFormat, readExecutableFormat } from './executable-format.js';
import { type CommandOptions, isBareName, locate, searchPathOf } from './locate.js';
import { examineScript } from './script.js';
import { bufferingNote } from './stdout-buffering.js';

/** Why a program cannot be run, if a reason was found. */
export interface Diagnosis {
  /** One sentence with the cause and one with the cure. Absent when nothing is wrong with the file. */
  readonly finding?: string;
  /** Facts about the file, one per line. */
  readonly notes: readonly string[];
  /** The format of the file, if it could be detected. */
  readonly format?: ExecutableFormat;
}

const USUAL_CAUSES =
  'This usually means that the plugin was not built for this architecture, lacks shared libraries that it needs, may not be executed ' +
  'by this user, or did not perform the plugin handshake. Run it by hand to see its output.';

/** Whether the first line of a diagnosis says what is wrong, and not just what usually is. */
export function isFinding(line: string): boolean {
  return line !== '' && !line.startsWith('This usually means');
}

type BinaryFormat = Extract<ExecutableFormat, { readonly architectures: readonly string[] }>;

const FORMAT_OF_PLATFORM: Readonly<Record<string, ExecutableFormat['kind']>> = { darwin: 'Mach-O', win32: 'PE' };

/** Why a started plugin printed no handshake, as text for the user (go-plugin cmdrunner Diagnose). Never rejects. */
export async function diagnoseCommand(command: CommandOptions, args: readonly string[] = []): Promise<string> {
  const { finding: ofFile, notes, format } = await examine(command);
  const finding = ofFile ?? (await examineScript(command, args));
  const buffering = finding === undefined ? bufferingNote([command.file, ...args], format) : undefined;
  const lines = buffering === undefined ? notes : [buffering, ...notes];
  return [finding ?? USUAL_CAUSES, ...lines.map((note) => `  ${note}`)].join('\n');
}

/** Examines the file of a command: existence, kind, permission, architecture, interpreter. Never rejects. */
export async function examine(command: CommandOptions): Promise<Diagnosis> {
  const missingDirectory = await examineDirectory(command.cwd);
  if (missingDirectory !== undefined) return { finding: missingDirectory, notes: [] };
  const path = await locate(command);
  if (path === undefined) return { finding: notInPath(command), notes: [] };
  try {
    return await examineFile(path, command);
  } catch (error) {
    return { finding: unreadable(path, error), notes: [`Path: ${path}`] };
  }
}

async function examineDirectory(cwd: string): Promise<string | undefined> {
  const found = await stat(cwd).catch(() => undefined);
  if (found === undefined)
    return `The working directory ${cwd} does not exist: create it, or correct the \`cwd\` option.`;
  return found.isDirectory()
    ? undefined
    : `The working directory ${cwd} is not a directory: correct the \`cwd\` option.`;
}

async function examineFile(path: string, command: CommandOptions): Promise<Diagnosis> {
  const stats = await stat(path);
  const format = stats.isFile() ? await readExecutableFormat(path).catch(() => undefined) : undefined;
  const finding =
    notAFile(path, stats) ?? (await notExecutable(path, stats)) ?? (await notRunnable(path, format, command));
  const notes = [`Path: ${path}`, `Mode: ${formatMode(stats)}`, ...(await ownership(stats)), ...architecture(format)];
  return { notes, ...(finding === undefined ? {} : { finding }), ...(format === undefined ? {} : { format }) };
}

function notInPath({ file, env }: CommandOptions): string {
  return `There is no program \`${file}\` in PATH (${searchPathOf(env).join(', ')}): install it, or give its full path.`;
}

function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `There is no file ${path}: correct the path, or build the plugin first.`;
  if (code === 'EACCES')
    return `This user may not enter a directory on the way to ${path}: grant search permission (chmod +x) on it.`;
  if (code === 'ENOTDIR') return `A part of the path ${path} is a file and not a directory: correct the path.`;
  return `The file ${path} cannot be examined: ${errorMessage(error)}.`;
}

function notAFile(path: string, stats: Stats): string | undefined {
  if (stats.isDirectory()) return `${path} is a directory: give the path of the program in it.`;
  return stats.isFile() ? undefined : `${path} is not a regular file: give the path of a program.`;
}

async function notExecutable(path: string, stats: Stats): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  const allowed = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (allowed) return undefined;
  if ((stats.mode & 0o111) === 0) return `${path} is not executable: set the permission with \`chmod +x ${path}\`.`;
  return (
    `This user may not execute ${path}: the permission is not given to this user or group, or the file system is mounted noexec. ` +
    'Change the mode or the owner, or move the file.'
  );
}

async function notRunnable(
  path: string,
  format: ExecutableFormat | undefined,
  command: CommandOptions,
): Promise<string | undefined> {
  if (format === undefined) return undefined;
  switch (format.kind) {
    case 'unknown':
      return undefined;
    case 'empty':
      return `${path} is empty: build or download the plugin again.`;
    case 'script':
      return (
        (await withoutInterpreter(path, format.interpreter, command.cwd)) ??
        (await withoutEnvProgram(path, format.viaEnv, command))
      );
    case 'ELF':
    case 'Mach-O':
    case 'PE':
      return wrongArchitecture(path, format) ?? (await withoutLoader(path, format.loader));
  }
}

async function withoutInterpreter(path: string, interpreter: string, cwd: string): Promise<string | undefined> {
  if (interpreter.endsWith('\r')) return carriageReturn(path);
  if (interpreter === '') return `The first line of ${path} names no interpreter after #!: complete it.`;
  const target = isBareName(interpreter) ? `${cwd}/${interpreter}` : interpreter;
  if (await exists(target)) return undefined;
  return `${path} asks for the interpreter ${interpreter}, which does not exist here: install it, or correct the first line of the file.`;
}

async function withoutEnvProgram(
  path: string,
  viaEnv: string | undefined,
  command: CommandOptions,
): Promise<string | undefined> {
  if (viaEnv === undefined) return undefined;
  if (viaEnv.endsWith('\r')) return carriageReturn(path);
  if ((await locate({ ...command, file: viaEnv })) !== undefined) return undefined;
  return `${path} asks env for ${viaEnv}, which is not in PATH (${searchPathOf(command.env).join(', ')}): install it, or extend PATH.`;
}

function carriageReturn(path: string): string {
  return `The first line of ${path} ends with a carriage return, which becomes part of the interpreter's name: save it with LF line ends.`;
}

async function withoutLoader(path: string, loader: string | undefined): Promise<string | undefined> {
  if (loader === undefined || (await exists(loader))) return undefined;
  return (
    `${path} needs the loader ${loader}, which does not exist here: it was built for another C library or distribution. ` +
    'Install that library, or build the plugin statically (Go: CGO_ENABLED=0).'
  );
}

function wrongArchitecture(path: string, format: BinaryFormat): string | undefined {
  const expected = FORMAT_OF_PLATFORM[process.platform] ?? 'ELF';
  const fits = format.kind === expected && format.architectures.some(runsHere);
  if (fits) return undefined;
  return (
    `${path} was built for ${format.kind} ${format.architectures.join(' and ')}, this is ${expected} ${process.arch}: ` +
    `get or build the plugin for ${process.platform}-${process.arch}.`
  );
}

function runsHere(architecture: string): boolean {
  if (architecture === process.arch) return true;
  if (architecture === 'ia32') return process.arch === 'x64';
  return architecture === 'x64' && process.arch === 'arm64' && process.platform !== 'linux';
}

function architecture(format: ExecutableFormat | undefined): string[] {
  if (format === undefined || format.kind === 'unknown' || format.kind === 'empty') return [];
  if (format.kind === 'script') return [`Script, interpreter: ${format.viaEnv ?? format.interpreter}`];
  return [`${format.kind} architecture: ${format.architectures.join(', ')} (current architecture: ${process.arch})`];
}

async function ownership(stats: Stats): Promise<string[]> {
  const { getuid, getgid } = process;
  if (getuid === undefined || getgid === undefined) return [];
  const uid = getuid();
  const gid = getgid();
  const users = await readNames('/etc/passwd');
  const groups = await readNames('/etc/group');
  users.set(uid, users.get(uid) ?? currentUser());
  return [
    `Owner: ${named(stats.uid, users)} (current: ${named(uid, users)})`,
    `Group: ${named(stats.gid, groups)} (current: ${named(gid, groups)})`,
  ];
}

function named(id: number, names: ReadonlyMap<number, string>): string {
  return `${id} [${names.get(id) ?? '?'}]`;
}

async function readNames(path: string): Promise<Map<number, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const entries = text.split('\n').map((line) => line.split(':'));
  return new Map(entries.filter((entry) => entry.length > 2).map((entry) => [Number(entry[2]), String(entry[0])]));
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return '?';
  }
}

/** As `ls -l` shows it: `-rwxr-xr-x`. */
function formatMode(stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = Array.from('rwxrwxrwx', (letter, index) => ((stats.mode >> (8 - index)) & 1 ? letter : '-'));
  return kind + bits.join('');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
