import { lstat, readlink } from 'node:fs/promises';

/** Folders of programs and libraries: what every program needs, and nothing of a user. */
const FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store'] as const;

/**
 * What programs read in /etc: the loader's cache, names of users and services, time, certificates. Not /etc/ssl itself, which has private
 * keys, and not all of /etc, which has passwords of services.
 */
const SETTINGS = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'passwd',
  'group',
  'nsswitch.conf',
  'hosts',
  'host.conf',
  'gai.conf',
  'resolv.conf',
  'protocols',
  'services',
  'localtime',
  'timezone',
  'mime.types',
  'os-release',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ca-certificates',
  'pki/ca-trust/extracted',
  'pki/tls/certs',
  'pki/tls/cert.pem',
  'pki/tls/openssl.cnf',
  'crypto-policies',
] as const;

/**
 * The kernel's own settings in /proc. Their files belong to the root of the machine, which a plugin of a host that is root still is, and
 * writing to most of them takes no capability: by kernel/core_pattern a program outside of any sandbox would be run.
 */
const KERNEL = ['acpi', 'bus', 'fs', 'irq', 'mtrr', 'scsi', 'sys', 'sysrq-trigger'] as const;

/** A /proc of the sandbox's own processes, in which nothing of the kernel can be set. */
export const PROC_ARGUMENTS: readonly string[] = [
  '--proc',
  '/proc',
  ...KERNEL.flatMap((name) => ['--ro-bind-try', `/proc/${name}`, `/proc/${name}`]),
];

/** Whether a path is in a folder of the system, which every sandbox shows. */
export function isOfSystem(path: string): boolean {
  return FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Shows the system's programs, libraries and settings, read-only. */
export async function systemArguments(): Promise<string[]> {
  const folders = await Promise.all(FOLDERS.map(folderArguments));
  return [...folders.flat(), ...SETTINGS.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`])];
}

/** `/bin` is a link to `usr/bin` in newer distributions. */
async function folderArguments(folder: string): Promise<string[]> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats === undefined) return [];
  return stats.isSymbolicLink() ? ['--symlink', await readlink(folder), folder] : ['--ro-bind', folder, folder];
}
