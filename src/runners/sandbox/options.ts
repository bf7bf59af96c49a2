import { posix } from 'node:path';
import { OptionsError } from '../../errors.js';
import { absolutePath } from '../../processes/current-directory.js';
import { resolveDuration } from '../../wire/duration.js';
import { definedVariables } from '../../wire/handshake/variables.js';
import { describeValue, optionNames, requireOptions } from '../../wire/option-names.js';
import { type ResolvedSecureConfig, resolveSecureConfig, type SecureConfig } from '../secure/secure-config.js';

/** What a plugin in a sandbox runs, and what it may reach. What is not named here, it does not see. */
export interface SandboxOptions {
  /** The program and its arguments. The program, and every argument that is the path of a file, can be read in the sandbox. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Working directory, at the host's path; empty unless it is within a folder that is named here. @default the host's */
  readonly cwd?: string;
  /** Files and folders that the plugin may read, besides its own file and the system's programs and libraries. @default none */
  readonly readOnly?: readonly string[];
  /** Files and folders that the plugin may read and write. @default none */
  readonly writable?: readonly string[];
  /** `none`: no network, not even loopback; host and plugin connect by unix sockets. `host`: all of the host's. @default 'none' */
  readonly network?: 'none' | 'host';
  /** Environment variables, in addition to those of the client. The host's own environment is not passed. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Most memory of the plugin, in bytes: of all its processes together where the host may make a cgroup (as root), otherwise of the data
   * of each process. @default no limit
   */
  readonly memoryBytes?: number;
  /** Size of the plugin's private /tmp, and of its /dev/shm, in bytes of memory (bubblewrap 0.7 or newer). @default 64 MiB */
  readonly tmpBytes?: number;
  /** The checksum of the program or script: the sandbox gets the bytes of the file that was checked. @default not verified */
  readonly secureConfig?: SecureConfig;
  /**
   * When there can be no sandbox: `refuse` rejects the start with ERR_SANDBOX, `warn` runs the plugin without one and logs a warning.
   * @default 'refuse'
   */
  readonly whenMissing?: 'refuse' | 'warn';
  /** The program bwrap. A bare name is looked up in the host's PATH. @default 'bwrap' */
  readonly bwrap?: string;
  /** How long a killed plugin may take to exit, in milliseconds. @default 5000 */
  readonly killTimeoutMs?: number;
}

export interface ResolvedSandboxOptions extends Omit<SandboxOptions, 'secureConfig'> {
  readonly cwd: string;
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
  readonly network: 'none' | 'host';
  readonly env: Readonly<Record<string, string>>;
  readonly tmpBytes: number;
  readonly secureConfig: ResolvedSecureConfig | undefined;
  readonly whenMissing: 'refuse' | 'warn';
  readonly bwrap: string;
}

const NAMES = optionNames<SandboxOptions>()(
  'command cwd readOnly writable network env memoryBytes tmpBytes secureConfig whenMissing bwrap killTimeoutMs',
);

const TMP_BYTES = 64 << 20;

/** Less, and not even the shell that sets the limit starts. */
const MIN_MEMORY_BYTES = 1 << 20;

/** A sandbox that shows these shows everything: other users' files, other processes and their environment. */
const NEVER: ReadonlySet<string> = new Set(['/', '/proc']);

/** Validates the options, copies them and makes paths absolute. Throws OptionsError, and the errors of `resolveSecureConfig`. */
export function resolveSandboxOptions(options: SandboxOptions): ResolvedSandboxOptions {
  requireOptions('sandboxRunner', options, NAMES);
  const { command, cwd = '', network = 'none', whenMissing = 'refuse', bwrap = 'bwrap' } = options;
  const { secureConfig, killTimeoutMs } = options;
  if (!Array.isArray(command) || command.length === 0 || !command.every(isText) || command[0] === '')
    throw new OptionsError(
      'Expected the `command` option to be a non-empty list of strings, the program first: `[file, ...args]`.',
    );
  if (!isText(cwd)) throw expected('cwd', 'a path', cwd);
  oneOf('network', network, ['none', 'host']);
  oneOf('whenMissing', whenMissing, ['refuse', 'warn']);
  if (!isText(bwrap) || bwrap === '') throw expected('bwrap', 'the name or path of a program', bwrap);
  return {
    ...options,
    command: [...(command as [string, ...string[]])],
    cwd: absolutePath(cwd),
    readOnly: pathsOf('readOnly', options.readOnly),
    writable: pathsOf('writable', options.writable),
    network,
    env: definedVariables('sandboxRunner', options.env),
    ...(options.memoryBytes === undefined
      ? {}
      : { memoryBytes: bytes('memoryBytes', options.memoryBytes, MIN_MEMORY_BYTES) }),
    tmpBytes: bytes('tmpBytes', options.tmpBytes ?? TMP_BYTES, 4096),
    ...(killTimeoutMs === undefined ? {} : { killTimeoutMs: resolveDuration('killTimeoutMs', killTimeoutMs, 0) }),
    secureConfig: secureConfig === undefined ? undefined : resolveSecureConfig(secureConfig),
    whenMissing,
    bwrap,
  };
}

function pathsOf(name: string, paths: readonly string[] = []): string[] {
  if (!Array.isArray(paths) || !paths.every((path) => isText(path) && path !== ''))
    throw expected(name, 'a list of paths', paths);
  const absolute = paths.map((path: string) => posix.normalize(absolutePath(path)));
  const all = absolute.find((path) => NEVER.has(path));
  if (all !== undefined)
    throw new OptionsError(
      `Expected the \`${name}\` option to name files and folders of the plugin, got ${all}: nothing would be left of the sandbox.`,
    );
  return absolute;
}

function bytes(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw expected(name, `a whole number of bytes, at least ${least}`, value);
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw expected(name, known.map((one) => `'${one}'`).join(' or '), value);
}

function expected(name: string, what: string, got: unknown): OptionsError {
  return new OptionsError(`Expected the \`${name}\` option of sandboxRunner to be ${what}, got ${describeValue(got)}.`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}
