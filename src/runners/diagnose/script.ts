import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { errorMessage } from '../../errors.js';
import type { CommandOptions } from './locate.js';

/** Programs that run a script which they are given by its path. */
const INTERPRETERS =
  /^(?:node(?:js)?|bun|deno|tsx|ts-node|python|pypy|ruby|perl|luajit|lua|php|bash|dash|ksh|zsh|sh|java)[\d.]*(?:\.exe)?$/;
const SCRIPTS = /\.(?:[cm]?[jt]sx?|pyz?|rb|pl|lua|php|sh|jar)$/i;
const NODE = /^node(?:js)?[\d.]*(?:\.exe)?$/;
const TYPESCRIPT = /\.[cm]?tsx?$/i;
/** Options of Node that make it load a transpiler, or code that is given with them. */
const OTHER_CODE = /^(?:-[epr]|--(?:eval|print|import|require|loader|experimental-|test|run))/;
/** What Node adds to the path of its script. */
const SUFFIXES = ['', '.js', '.json', '.node'];

/** The script that a known interpreter is given; undefined for another program, and where it is not certain which word it is. */
export function scriptOf({ file, cwd }: CommandOptions, args: readonly string[]): string | undefined {
  const words = basename(file) === 'env' ? args.filter((word) => !word.includes('=')) : [file, ...args];
  const [program = '', ...rest] = words;
  if (!INTERPRETERS.test(basename(program))) return undefined;
  const script = rest.find((word) => !word.startsWith('-') && SCRIPTS.test(word)) ?? rest[0];
  return script === undefined || script.startsWith('-') ? undefined : resolve(cwd, script);
}

/** What is wrong with the script of an interpreter, with the cure; undefined when nothing is found, or it has none. Never rejects. */
export async function examineScript(command: CommandOptions, args: readonly string[]): Promise<string | undefined> {
  const path = scriptOf(command, args);
  if (path === undefined) return undefined;
  const isNode = [command.file, ...args].some((word) => NODE.test(basename(word)));
  try {
    const found = await resolved(path, isNode);
    return (await unusable(found.path, found.stats, isNode)) ?? untranslated(found.path, command, args);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** Node adds an extension where there is none. */
async function resolved(path: string, isNode: boolean): Promise<{ readonly path: string; readonly stats: Stats }> {
  for (const suffix of isNode ? SUFFIXES : ['']) {
    const stats = await stat(path + suffix).catch(() => undefined);
    if (stats !== undefined) return { path: path + suffix, stats };
  }
  return { path, stats: await stat(path) };
}

async function unusable(path: string, stats: Stats, isNode: boolean): Promise<string | undefined> {
  if (stats.isDirectory()) {
    const main = isNode ? ['index.js', 'package.json'] : ['__main__.py'];
    const found = await Promise.all(main.map((name) => stat(join(path, name)).catch(() => undefined)));
    return found.some((entry) => entry !== undefined) ? undefined : `${path} is a directory: give the script in it.`;
  }
  if (stats.size === 0 && stats.isFile()) return `${path} is empty: build the plugin again.`;
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return readable ? undefined : `This user may not read ${path}: change its mode or its owner.`;
}

/** TypeScript for this Node, of which it is known whether it can run that. */
function untranslated(path: string, { file }: CommandOptions, args: readonly string[]): string | undefined {
  if (!TYPESCRIPT.test(path) || file !== process.execPath || args.some((word) => OTHER_CODE.test(word)))
    return undefined;
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript !== undefined && typescript !== false && extname(path) !== '.tsx') return undefined;
  return `${path} is TypeScript, which Node ${process.version} does not run: compile it, or add \`--import tsx\` to the command.`;
}

function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `There is no script ${path}: correct the path, or build the plugin first.`;
  if (code === 'EACCES') return `This user may not enter a directory on the way to ${path}.`;
  if (code === 'ENOTDIR') return `A part of the path ${path} is a file and not a directory: correct the path.`;
  return `The script ${path} cannot be examined: ${errorMessage(error)}.`;
}
