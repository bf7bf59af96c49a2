import { access, constants } from 'node:fs/promises';
import { discover as findPlugins } from 'rxplug';
import { type ExecutableFormat, readExecutableFormat } from '../../runners/diagnose/executable-format.js';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { readGoBuildInfo } from '../target/go-build-info.js';
import { detectProfile } from '../target/profiles.js';
import { columns } from '../terminal/columns.js';
import { visibleLine } from '../terminal/visible.js';

export interface DiscoverFlags {
  readonly pattern: string;
  readonly json: boolean;
}

/** A program of a folder, as far as it can be known without running it. */
export interface DiscoveredProgram {
  readonly path: string;
  readonly kind: 'go' | 'script' | 'program' | 'unknown';
  readonly executable: boolean;
  readonly architectures: readonly string[];
  readonly profile: string | undefined;
  readonly goPlugin: string | undefined;
  readonly grpc: string | undefined;
}

/** `rxplug discover [DIRECTORY]`: starts nothing. */
export const discover = reporting(async function (
  this: CliContext,
  { pattern, json }: DiscoverFlags,
  directory: string = '.',
): Promise<void> {
  const found: DiscoveredProgram[] = [];
  for (const path of await pathsIn(directory, pattern)) found.push(await look(path));
  this.process.stdout.write(`${json ? JSON.stringify(found, undefined, 2) : table(found)}\n`);
});

async function pathsIn(directory: string, pattern: string): Promise<readonly string[]> {
  try {
    await access(directory);
    return await findPlugins(pattern, directory);
  } catch (cause) {
    throw new UsageError(`Cannot read ${directory}: ${(cause as Error).message}`);
  }
}

async function look(path: string): Promise<DiscoveredProgram> {
  const [format, build] = await Promise.all([readExecutableFormat(path), readGoBuildInfo(path)]);
  return {
    path,
    kind: build === undefined ? kindOf(format) : 'go',
    executable: await isExecutable(path),
    architectures: 'architectures' in format ? format.architectures : [],
    profile: detectProfile({ path, build })?.name,
    goPlugin: build?.dependencies.get('github.com/hashicorp/go-plugin'),
    grpc: build?.dependencies.get('google.golang.org/grpc'),
  };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function kindOf({ kind }: ExecutableFormat): DiscoveredProgram['kind'] {
  if (kind === 'script') return 'script';
  return kind === 'empty' || kind === 'unknown' ? 'unknown' : 'program';
}

function noteOn(executable: boolean, architectures: readonly string[]): string {
  if (!executable) return 'not executable';
  return architectures.length > 0 && !architectures.includes(process.arch) ? 'not for this machine' : '';
}

function table(found: readonly DiscoveredProgram[]): string {
  if (found.length === 0) return 'No executable files.';
  const rows = found.map(({ path, kind, executable, profile, goPlugin, grpc, architectures }) => [
    visibleLine(path),
    kind,
    profile ?? '-',
    goPlugin ?? '-',
    grpc ?? '-',
    architectures.length === 0 ? '-' : architectures.join(','),
    noteOn(executable, architectures),
  ]);
  return columns([['NAME', 'KIND', 'PROFILE', 'GO-PLUGIN', 'GRPC', 'ARCH', 'NOTE'], ...rows]).join('\n');
}
