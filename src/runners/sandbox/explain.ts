import { readFile } from 'node:fs/promises';
import { quoteText } from '../../wire/quote.js';
import type { Exit } from '../runner.js';

const MEBIBYTE = 1 << 20;

export const NOT_LINUX =
  'Sandboxes are made of namespaces, which only Linux has: use a container (`rxplug/container`).';

export const NOT_INSTALLED =
  'The program bwrap was not found: install the package `bubblewrap` (apt-get, dnf, pacman or apk), or name it with the `bwrap` option.';

const APPARMOR =
  'AppArmor forbids user namespaces to programs without a profile (kernel.apparmor_restrict_unprivileged_userns is 1, as on Ubuntu 24.04): load ' +
  'the profile for bwrap (`apt-get install apparmor-profiles; cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/; ' +
  'apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`).';

const CLONE =
  'User namespaces are forbidden to unprivileged users: allow them with `sysctl kernel.unprivileged_userns_clone=1`.';

const NONE = 'The number of user namespaces is limited to 0: raise it with `sysctl user.max_user_namespaces=15000`.';

const IN_CONTAINER =
  'This is usual in a container: its seccomp profile forbids namespaces. Start the container with `--security-opt seccomp=unconfined`, or run the ' +
  'plugin in a container of its own (`rxplug/container`).';

const PROC =
  'This is usual in a container, which hides parts of /proc and so forbids another one. Start the container with ' +
  '`--security-opt systempaths=unconfined`, or run the plugin in a container of its own (`rxplug/container`).';

const MEMORY = 'The sandbox itself does not start with so little memory: raise the `memoryBytes` option.';

/** What settings of the kernel forbid user namespaces. */
const SETTINGS: readonly (readonly [file: string, forbids: string, cure: string])[] = [
  ['kernel/apparmor_restrict_unprivileged_userns', '1', APPARMOR],
  ['kernel/unprivileged_userns_clone', '0', CLONE],
  ['user/max_user_namespaces', '0', NONE],
];

/** Why bwrap made no sandbox, in its own words, and what to do. `settings` is where the kernel's settings are. Never rejects. */
export async function explainRefusal(said: string, settings = '/proc/sys'): Promise<string> {
  const cure = await cureFor(said, settings);
  return `bwrap reports ${quoteText(said)}.${cure === '' ? '' : ` ${cure}`}`;
}

async function cureFor(said: string, settings: string): Promise<string> {
  if (/cannot allocate memory|out of memory|ulimit|Killed/i.test(said)) return MEMORY;
  if (/mount proc/i.test(said)) return PROC;
  if (!/namespace|uid map|gid map|setgroups|RTM_NEWADDR|operation not permitted|permission denied/i.test(said))
    return '';
  for (const [file, forbids, cure] of SETTINGS) {
    const value = await readFile(`${settings}/${file}`, 'utf8').catch(() => '');
    if (value.trim() === forbids) return cure;
  }
  return IN_CONTAINER;
}

/** What is known about the end of a plugin with a limit on memory. */
export interface MemoryEnd {
  readonly exit: Exit;
  readonly memoryBytes: number;
  /** Whether the kernel has killed a process of the plugin's cgroup because of the limit. */
  readonly killed: boolean;
  /** The end of its stderr. */
  readonly stderrTail: string;
}

/** Node, V8, Go, the C library, Python, Java. */
const SAYS_SO = /out of memory|cannot allocate memory|allocation failed|bad_alloc|MemoryError|OutOfMemory|ENOMEM/i;

/** Why a plugin ended, if most probably for lack of memory: a line for its log. Empty for any other exit. */
export function explainMemory({ exit, memoryBytes, killed, stderrTail }: MemoryEnd): string {
  const limit = `(limit ${Math.round(memoryBytes / MEBIBYTE)} MiB): raise \`memoryBytes\`, or let the plugin use less.`;
  if (killed) return `The plugin ran out of memory and was killed ${limit}`;
  return exit.code !== 0 && SAYS_SO.test(stderrTail) ? `The plugin ended because it got no more memory ${limit}` : '';
}
