import { posix } from 'node:path';
import { OptionsError } from '../../errors.js';
import { checkOptions, optionNames, requireOptions } from '../../wire/option-names.js';
import type { ContainerEngineOptions } from './engine-options.js';

/** A directory or file of the host that the container sees. */
export interface ContainerMount {
  /** Path on the engine's machine; it must exist. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  /** Whether the container may only read it. @default true */
  readonly readOnly?: boolean;
}

/** Limits of a container. `null` leaves a limit to the engine. */
export interface ContainerLimits {
  /** Memory and swap together, in bytes. @default 512 MiB */
  readonly memoryBytes?: number | null;
  /** Processes and threads. @default 256 */
  readonly pids?: number | null;
  /** Open files of a process (RLIMIT_NOFILE). @default 1024 */
  readonly openFiles?: number | null;
  /** Processes and threads of the same user, the host's too (RLIMIT_NPROC). @default null */
  readonly userProcesses?: number | null;
  /** Processors; 0.5 is half of one. @default null */
  readonly cpus?: number | null;
}

/** How a plugin runs in a container. */
export interface ContainerOptions extends ContainerEngineOptions {
  /** Name or id of the image. It is not pulled: the engine must have it. */
  readonly image: string;
  /** Program and arguments, instead of the image's entrypoint and command. @default the image's */
  readonly command?: readonly [file: string, ...args: string[]];
  /** Environment variables, in addition to those of the client. The host's own environment is not passed. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. @default the image's */
  readonly workingDir?: string;
  /**
   * Path of the plugin's socket directory in the container: absolute, or `same` for the host's path.
   * @default '/run/plugin'
   */
  readonly socketDir?: string;
  /** Further mounts. @default none */
  readonly mounts?: readonly ContainerMount[];
  /** Labels of the container, in addition to `rxplug.host` and `rxplug.socket-dir`. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Name of a network of the engine. @default 'none': host and plugin connect by unix sockets */
  readonly network?: string;
  /** `user` or `user:group`, by number or name. @default the host's user and group; with a rootless engine root, which is the host's user there */
  readonly user?: string;
  /** Capabilities that are kept. @default none */
  readonly capabilities?: readonly string[];
  /** Mounts the image's file system read-only. @default false */
  readonly readOnly?: boolean;
  /** Limits on resources. */
  readonly limits?: ContainerLimits;
}

export interface ResolvedContainerOptions extends ContainerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly socketDir: string;
  readonly mounts: readonly ContainerMount[];
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  readonly capabilities: readonly string[];
  readonly readOnly: boolean;
  readonly limits: Required<ContainerLimits>;
}

const DEFAULT_CONTAINER_OPTIONS = Object.freeze({ socketDir: '/run/plugin', network: 'none', readOnly: false });

const DEFAULT_LIMITS: Required<ContainerLimits> = Object.freeze({
  memoryBytes: 512 << 20,
  pids: 256,
  openFiles: 1024,
  userProcesses: null,
  cpus: null,
});

const NAMES = optionNames<ContainerOptions>()(
  'image command env workingDir socketDir mounts labels network user capabilities readOnly limits engine requestTimeoutMs killTimeoutMs',
);
const MOUNT_NAMES = optionNames<ContainerMount>()('source target readOnly');

/** Validates the options and fills in defaults. Throws OptionsError. */
export function resolveContainerOptions(options: ContainerOptions): ResolvedContainerOptions {
  requireOptions('containerRunner', options, NAMES);
  checkOptions('`limits` of containerRunner', options.limits, Object.keys(DEFAULT_LIMITS));
  for (const mount of options.mounts ?? []) requireOptions('`mounts` of containerRunner', mount, MOUNT_NAMES);
  if (typeof options.image !== 'string' || options.image === '')
    throw new OptionsError('Expected the `image` option of the container to be the name or id of an image.');
  const { env = {}, mounts = [], labels = {}, capabilities = [], socketDir, limits } = options;
  return {
    ...DEFAULT_CONTAINER_OPTIONS,
    ...options,
    env: { ...env },
    labels: { ...labels },
    mounts: mounts.map((mount) => ({ ...mount, target: insidePath('mounts.target', mount.target) })),
    capabilities: [...capabilities],
    socketDir:
      socketDir === 'same' ? 'same' : insidePath('socketDir', socketDir ?? DEFAULT_CONTAINER_OPTIONS.socketDir),
    limits: resolveLimits(limits),
  };
}

function resolveLimits(limits: ContainerLimits = {}): Required<ContainerLimits> {
  const resolved = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, value] of Object.entries(resolved)) {
    const valid =
      value === null || (value > 0 && (name === 'cpus' ? Number.isFinite(value) : Number.isSafeInteger(value)));
    if (!valid)
      throw new OptionsError(
        `Expected the \`limits.${name}\` option to be a positive number or null, got ${String(value)}.`,
      );
  }
  return resolved;
}

function insidePath(name: string, path: string): string {
  if (typeof path === 'string' && posix.isAbsolute(path) && !path.includes('\0') && posix.normalize(path) !== '/')
    return posix.normalize(path).replace(/\/$/, '');
  throw new OptionsError(
    `Expected the \`${name}\` option of the container to be an absolute path in the container, got ${JSON.stringify(path)}.`,
  );
}
