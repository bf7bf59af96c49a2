import { basename, join, resolve } from 'node:path';
import type { SecureConfig } from 'rxplug';
import type { PluginManifest } from 'rxplug/manifest';
import type { Tree } from '../archive/tree.js';
import { checksumOfTree } from '../archive/tree-hash.js';
import { hexOf } from '../digest.js';
import { StoreError } from '../errors.js';
import { choosePlatform } from '../versions/platform.js';

/** A command line; a program of the plugin's folder with its whole path. */
export type Command = readonly [program: string, ...args: string[]];

/** Where a plugin is, and what it is run on. */
export interface LaunchPlace {
  /** The plugin's folder. */
  readonly folder: string;
  /** For messages: `acme/kv 1.4.2`. */
  readonly what: string;
  readonly keys: readonly string[];
  /** The program's name, where there is no manifest. */
  readonly program?: string | undefined;
}

/** The command line of a plugin: what its manifest says for this platform. Throws StoreError ERR_PLATFORM. */
export function commandOf(manifest: PluginManifest | undefined, { folder, what, keys, program }: LaunchPlace): Command {
  if (program !== undefined) return [join(folder, program)];
  const run = manifest?.run;
  if (run === undefined)
    throw new StoreError(
      'ERR_ARCHIVE',
      `The manifest of ${what} does not say how it is run. Ask who publishes it for one with \`run\`.`,
    );
  const advice = 'Ask who publishes it.';
  const [first, ...args] = run[
    choosePlatform(run, keys, { what: `\`run\` of the manifest of ${what}`, advice })
  ] as Command;
  return [first.includes('/') ? join(folder, first) : first, ...args];
}

/** Interpreters that `secureConfig` makes read the checked bytes of a script. */
const INTERPRETER =
  /^(?:node(?:js)?[\d.]*|sh|bash|dash|ash|ksh|ksh93|mksh|zsh|python[\d.]*|perl|ruby|lua[\d.]*)(?:\.exe)?$/;

/** What no program reads while it runs. */
const DOCUMENT =
  /^(?:rxplug\.plugin\.json|(?:licen[cs]e|copying|notice|readme|changelog|authors|security)(?:[.-].*)?|.*\.md)$/i;

/**
 * What has to be checked when the plugin is started. A program that is a single file is run from its verified bytes; where other files are
 * beside it that it may load, the folder is checked. The checksums are those of the verified files: they are not read again.
 */
export function secureConfigOf(folder: string, command: Command, tree: Tree): SecureConfig {
  const files = [...tree.files.keys()].filter((path) => !DOCUMENT.test(basename(path)));
  const own = files.find((path) => join(folder, path) === command[0]);
  const [only = ''] = files;
  const alone = files.length === 1 && (own !== undefined || isScriptOf(folder, command, only));
  // Windows has no owners and modes that the check of a folder could look at.
  const path = alone ? only : process.platform === 'win32' ? own : undefined;
  const digest = path === undefined ? undefined : tree.files.get(path)?.digest;
  if (path === undefined || digest === undefined)
    return { checksum: checksumOfTree(tree), hash: 'sha256', directory: folder };
  return { checksum: hexOf(digest), hash: 'sha256', ...(path === own ? {} : { file: join(folder, path) }) };
}

function isScriptOf(folder: string, [program, ...args]: Command, script: string): boolean {
  return INTERPRETER.test(basename(program)) && args.some((word) => resolve(folder, word) === join(folder, script));
}
