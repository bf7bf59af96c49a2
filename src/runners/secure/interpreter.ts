import { basename } from 'node:path';

/** How an interpreter is made to read its script from an open descriptor. */
export interface Interpreter {
  readonly isNode: boolean;
  /** Options that have to precede the script. */
  readonly options: readonly string[];
}

/**
 * Without these, Node resolves /proc/self/fd/3 to a path and opens that. `--preserve-symlinks` is for a script that imports itself.
 */
const NODE: Interpreter = { isNode: true, options: ['--preserve-symlinks', '--preserve-symlinks-main'] };

const AS_GIVEN: Interpreter = { isNode: false, options: [] };

/** Interpreters that open the script by the path that they are given, and options that make them run something else. */
const KNOWN: readonly (readonly [name: RegExp, Interpreter, otherCode: RegExp])[] = [
  [
    /^node(?:js)?[\d.]*$/,
    NODE,
    /^(?:-[a-z]*[epr]|--(?:eval|print|require|import|test|run|watch)\b|--(?:experimental-)?loader\b)/,
  ],
  [/^(?:sh|bash|dash|ash|ksh|ksh93|mksh|zsh)$/, AS_GIVEN, /^-[a-zA-Z]*[cs]/],
  [/^python[\d.]*$/, AS_GIVEN, /^-[a-zA-Z]*[cm]/],
  [/^perl[\d.]*$/, AS_GIVEN, /^-[a-z]*[eEx]/],
  [/^ruby[\d.]*$/, AS_GIVEN, /^-[a-z]*[ex]/],
  [/^lua[\d.]*$/, AS_GIVEN, /^-[a-z]*e/],
];

/**
 * The interpreter of a command line up to its script: `[node]`, `[/bin/sh, -e]`, `[/usr/bin/env, python3]`. Undefined when it is not known
 * to run just the script that follows, from the path that it is given.
 */
export function interpreterOf(before: readonly string[]): Interpreter | undefined {
  const [program = '', ...options] = basename(before[0] ?? '') === 'env' ? withoutEnv(before) : before;
  const name = basename(program).replace(/\.exe$/i, '');
  const [, found, otherCode] = KNOWN.find(([pattern]) => pattern.test(name)) ?? [];
  if (found === undefined || otherCode === undefined) return undefined;
  return options.every((option) => option.startsWith('-') && !otherCode.test(option)) ? found : undefined;
}

/** What env(1) runs: what comes after itself and `NAME=value`; options of env are not understood. */
function withoutEnv(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word, index) => index > 0 && !word.includes('='));
  return at < 0 ? [] : words.slice(at);
}
