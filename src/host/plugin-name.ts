import { basename, extname, isAbsolute } from 'node:path';
import { OptionsError } from '../errors.js';
import type { ResolvedLaunch } from './launch-options.js';

/** Programs that run a script: the script names the plugin, not they. */
const INTERPRETER =
  /^(?:env|node(?:js)?|bun|deno|tsx|ts-node|npx|python|perl|ruby|lua|php|java|dotnet|sh|bash|dash|ash|ksh|mksh|zsh)[\d.]*$/;

/** The options of interpreters whose value is code, which names nothing: `bash -lc`, `python -c`, `node -e`. */
const CODE_OPTIONS: readonly (readonly [interpreter: RegExp, option: RegExp])[] = [
  [/^(?:python[\d.]*|sh|bash|dash|ash|ksh|mksh|zsh)$/, /^-\w*c$/],
  [/^(?:node|nodejs|bun|tsx|perl|ruby|lua)[\d.]*$/, /^(?:-\w*[eEp]|--eval|--print)$/],
];

const SCRIPT = /\.(?:[cm]?[jt]sx?|py|pyz|rb|pl|lua|php|jar|dll|sh)$/i;

/** The name of a plugin of which nothing is known yet: a runner of the application tells its own later. */
export const UNNAMED = 'plugin';

/**
 * What the plugin is called in logs, states, errors and the list of processes: the option, or what the command runs. Undefined when the
 * runner has to tell it. Throws OptionsError.
 */
export function resolveName(name: unknown, launch: ResolvedLaunch): string | undefined {
  if (name !== undefined) return checkedName(name);
  if (launch.kind === 'sidecar') return launch.name;
  if (launch.kind === 'endpoint') return launch.address.address;
  return launch.kind === 'command' ? nameOfCommand(launch.process.command) : undefined;
}

/** A line break would break log lines, and NUL the environment. */
function checkedName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && !/\p{Cc}/u.test(name)) return name;
  throw new OptionsError(
    `Expected \`name\` to be a non-empty string without control characters, got ${JSON.stringify(name)} (${typeof name}).`,
  );
}

/**
 * The base name of the program, or of the script that an interpreter runs, without the extension.
 *
 * @example
 * nameOfCommand(['/usr/bin/node', '--import', 'tsx', 'plugins/kv-store.ts']); // kv-store
 */
export function nameOfCommand([program, ...args]: readonly [string, ...string[]]): string {
  const name = baseOf(program);
  const script = INTERPRETER.test(name) ? scriptOf(beforeCode(name, args)) : undefined;
  return (script === undefined ? name : baseOf(script)) || UNNAMED;
}

/** The name that a runner tells; of the path of a program, the base name. */
export function nameOfRunner(name: string): string {
  return isAbsolute(name) ? nameOfCommand([name]) : name || UNNAMED;
}

/** The arguments up to an option whose value is code. After a script, it is an option of that. */
function beforeCode(interpreter: string, args: readonly string[]): readonly string[] {
  const option = CODE_OPTIONS.find(([pattern]) => pattern.test(interpreter))?.[1];
  const at = args.findIndex((word) => option?.test(word));
  return at < 0 ? args : args.slice(0, at);
}

/** An option's value may precede the script (`--import tsx`), so what looks like a script counts first. */
function scriptOf(args: readonly string[]): string | undefined {
  const words = args.filter((word) => !word.startsWith('-'));
  return words.find((word) => SCRIPT.test(word)) ?? words[0];
}

function baseOf(path: string): string {
  const base = basename(path.replaceAll('\\', '/'));
  return SCRIPT.test(base) || /\.exe$/i.test(base) ? base.slice(0, -extname(base).length) : base;
}
