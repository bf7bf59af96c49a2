import { access, constants } from 'node:fs/promises';
import { relative } from 'node:path';
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { discover as findPlugins } from 'rxplug';
import { type ExecutableFormat, readExecutableFormat } from '../../runners/diagnose/executable-format.js';
import { type Trial, tryProgram } from '../inspect/trial.js';
import type { CliContext, OutputStream } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { readGoBuildInfo } from '../target/go-build-info.js';
import { manifestOfProgram } from '../target/manifest.js';
import type { TargetFlags } from '../target/options.js';
import { detectProfile } from '../target/profiles.js';
import { colorsFor } from '../terminal/colors.js';
import { columns } from '../terminal/columns.js';
import { withHeader } from '../terminal/emphasis.js';
import { visible, visibleLine } from '../terminal/visible.js';

export interface DiscoverFlags extends Pick<TargetFlags, 'cookie' | 'profile' | 'protocolVersions' | 'timeout'> {
  readonly pattern: string;
  readonly json: boolean;
  /** Starts each of them. */
  readonly run: boolean;
}

interface DiscoveredManifest {
  readonly name: string;
  readonly version: string;
  /** The versions of the application's protocol that it speaks. */
  readonly protocolVersions?: readonly number[];
  readonly protocols?: readonly string[];
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
  /** What it says of itself. */
  readonly manifest?: DiscoveredManifest | { readonly error: string };
  /** With `--run`, of a program for this machine. */
  readonly trial?: Trial;
}

/** So many are started at a time. */
const CONCURRENCY = 4;

/** `rxplug discover [DIRECTORY]`: starts nothing without `--run`. */
export const discover = reporting(async function (
  this: CliContext,
  flags: DiscoverFlags,
  directory: string = '.',
): Promise<void> {
  const { pattern, json, run } = flags;
  let found: DiscoveredProgram[] = [];
  for (const path of await pathsIn(directory, pattern)) found.push(await look(path));
  if (run) found = await withTrials(found, flags, this);
  const { stdout } = this.process;
  const text = json ? visible(JSON.stringify(found, undefined, 2)) : table(found, run, stdout);
  stdout.write(`${text}\n`);
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
  // What cannot be read, as a link that leads nowhere, is listed all the same.
  const nothing: ExecutableFormat = { kind: 'unknown' };
  const [format, build, manifest] = await Promise.all([
    readExecutableFormat(path).catch(() => nothing),
    readGoBuildInfo(path).catch(() => undefined),
    manifestOf(path),
  ]);
  return {
    path,
    kind: build === undefined ? kindOf(format) : 'go',
    executable: await isExecutable(path),
    architectures: 'architectures' in format ? format.architectures : [],
    profile: detectProfile({ path, build })?.name,
    goPlugin: build?.dependencies.get('github.com/hashicorp/go-plugin'),
    grpc: build?.dependencies.get('google.golang.org/grpc'),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

async function manifestOf(path: string): Promise<DiscoveredProgram['manifest']> {
  try {
    const said = await manifestOfProgram(path);
    if (said === undefined) return undefined;
    const { name, version, handshake, protocols } = said;
    const versions = handshake?.protocolVersions;
    return {
      name,
      version,
      ...(versions === undefined ? {} : { protocolVersions: versions }),
      ...(protocols === undefined ? {} : { protocols }),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** `acme/kv 1.4.2, grpc 2, 3`. */
function manifestText(manifest: DiscoveredProgram['manifest']): string {
  if (manifest === undefined) return '-';
  if ('error' in manifest) return 'wrong';
  const { name, version, protocolVersions = [], protocols = [] } = manifest;
  const spoken = [protocols.join(' or '), protocolVersions.join(', ')].filter((part) => part !== '').join(' ');
  return `${name} ${version}${spoken === '' ? '' : `, ${spoken}`}`;
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

/** In the same order. */
async function withTrials(
  found: readonly DiscoveredProgram[],
  flags: DiscoverFlags,
  context: CliContext,
): Promise<DiscoveredProgram[]> {
  const target: TargetFlags = { ...flags, tls: 'auto', hostEnv: true, netrpc: false };
  const tried = async (program: DiscoveredProgram, index: number) => {
    if (noteOn(program) !== '') return { program, index };
    return { program: { ...program, trial: await tryProgram(program.path, target, context) }, index };
  };
  const results = await lastValueFrom(from(found).pipe(mergeMap(tried, CONCURRENCY), toArray()));
  return results.sort((a, b) => a.index - b.index).map(({ program }) => program);
}

/** `grpc 5, AutoMTLS, 7 services`. */
function trialText(trial: Trial | undefined): string {
  if (trial === undefined) return '-';
  if ('error' in trial) return 'failed';
  const { protocol, version, autoMtls, services } = trial;
  const count = services === undefined ? '' : `, ${services.length} ${services.length === 1 ? 'service' : 'services'}`;
  return `${protocol} ${version}, ${autoMtls ? 'AutoMTLS' : 'no TLS'}${count}`;
}

function noteOn({ executable, architectures, trial }: DiscoveredProgram): string {
  if (!executable) return 'not executable';
  if (architectures.length > 0 && !architectures.includes(process.arch)) return 'not for this machine';
  return trial !== undefined && 'error' in trial ? firstSentence(trial.error) : '';
}

/** What is wrong with its manifest, which keeps nobody from starting it. */
function faultOf({ manifest }: DiscoveredProgram): string {
  return manifest !== undefined && 'error' in manifest ? manifest.error : '';
}

function table(found: readonly DiscoveredProgram[], run: boolean, stdout: OutputStream): string {
  if (found.length === 0) return 'No executable files.';
  const isSaid = found.some(({ manifest }) => manifest !== undefined);
  const rows = found.map((program) => [
    visibleLine(shortest(program.path)),
    program.kind,
    ...(isSaid ? [visibleLine(manifestText(program.manifest))] : []),
    program.profile ?? '-',
    program.goPlugin ?? '-',
    program.grpc ?? '-',
    program.architectures.length === 0 ? '-' : program.architectures.join(','),
    ...(run ? [trialText(program.trial)] : []),
    visibleLine(noteOn(program) || faultOf(program)),
  ]);
  const speaks = run ? ['SPEAKS'] : [];
  const said = isSaid ? ['MANIFEST'] : [];
  const header = ['NAME', 'KIND', ...said, 'PROFILE', 'GO-PLUGIN', 'GRPC', 'ARCH', ...speaks, 'NOTE'];
  return withHeader(columns([header, ...rows], stdout.columns), colorsFor(stdout)).join('\n');
}

/** As one would type it. */
function shortest(path: string): string {
  const below = relative('.', path);
  return below.startsWith('..') ? path : below;
}

/** The rest is advice for one that is started alone. */
function firstSentence(text: string): string {
  return /^[^]*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}
