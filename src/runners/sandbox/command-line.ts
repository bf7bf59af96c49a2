import { type Mount, mountArguments } from './mounts.js';
import type { ResolvedSandboxOptions } from './options.js';
import { PROC_ARGUMENTS, systemArguments } from './system.js';

/** What this bwrap can do: it is told by its help. */
export interface BwrapFeatures {
  /** `--disable-userns`, from 0.8 on: nothing in the sandbox can make a user namespace, and with it capabilities. */
  readonly disableUserns: boolean;
  /** `--size`, from 0.7 on: a limit for what is in memory. */
  readonly size: boolean;
}

/** With a filter of system calls as descriptor 4. It is not inherited: bwrap closes it. */
const FILTER_ARGUMENTS: readonly string[] = ['--seccomp', '4'];

/** The arguments of bwrap up to the program. */
export async function bwrapArguments(
  { network, tmpBytes, cwd, filtered }: ResolvedSandboxOptions & { readonly filtered: boolean },
  socketDir: string | undefined,
  mounts: readonly Mount[],
  { disableUserns, size }: BwrapFeatures,
): Promise<string[]> {
  const sized = size ? ['--size', String(tmpBytes)] : [];
  const memory = ['--dev', '/dev', ...sized, '--tmpfs', '/tmp', ...sized, '--tmpfs', '/dev/shm'];
  const alone = ['--die-with-parent', '--cap-drop', 'ALL', '--hostname', 'sandbox'];
  // The root is in memory too, and without a limit.
  const closed = ['--remount-ro', '/dev', '--remount-ro', '/'];
  return [
    '--unshare-all',
    ...(network === 'host' ? ['--share-net'] : []),
    ...(disableUserns ? ['--unshare-user', '--disable-userns'] : []),
    ...alone,
    ...(filtered ? FILTER_ARGUMENTS : []),
    ...(await systemArguments()),
    ...PROC_ARGUMENTS,
    ...memory,
    ...(cwd === '/' ? [] : ['--dir', cwd]),
    ...mountArguments(mounts),
    ...(socketDir === undefined ? [] : ['--bind', socketDir, socketDir]),
    ...closed,
    '--chdir',
    cwd,
    '--',
  ];
}

/** How a command is run: its limits, and what it inherits. */
export interface ShellOptions {
  /** Most data of a process, in bytes. */
  readonly dataBytes?: number | undefined;
  /** The file `cgroup.procs` of the cgroup that it belongs to. */
  readonly cgroupProcs?: string | undefined;
  /** The file that is to be descriptor 3. */
  readonly data?: string | undefined;
  /** The filter of system calls, which is to be descriptor 4. */
  readonly filter?: string | undefined;
}

/**
 * A command that a shell sets up. It gets no stdin: the host's own may be a terminal. RLIMIT_DATA and not RLIMIT_AS: V8 and Go reserve
 * gigabytes of addresses that they do not use.
 */
export function throughShell(
  command: readonly string[],
  { dataBytes, cgroupProcs, data, filter }: ShellOptions,
): [string, ...string[]] {
  const script = [
    ...(cgroupProcs === undefined ? [] : [`echo $$ > '${cgroupProcs}' || exit 125`]),
    ...(dataBytes === undefined ? [] : [`ulimit -d ${Math.ceil(dataBytes / 1024)} || exit 125`]),
    `exec "$@" </dev/null${data === undefined ? '' : ` 3<'${data}'`}${filter === undefined ? '' : ` 4<'${filter}'`}`,
  ];
  return ['/bin/sh', '-c', script.join('\n'), 'sh', ...command];
}
