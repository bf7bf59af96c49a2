import { stat } from 'node:fs/promises';
import { UsageError } from '../process/exit-code.js';
import { type GoBuildInfo, readGoBuildInfo } from './go-build-info.js';
import { parsePair, parseVersions, type StartFlags } from './options.js';
import { readProfileFile, readProjectProfiles } from './profile-file.js';
import { PROFILES, type Profile } from './profiles.js';

/** A plugin that can be started. */
export interface Target {
  readonly kind: 'program';
  /** Its command line, for people. */
  readonly title: string;
  readonly command: readonly [file: string, ...args: string[]];
  readonly cookieKey: string;
  readonly cookieValue: string;
  readonly versions: readonly number[];
  readonly protocols: readonly ('grpc' | 'netrpc')[];
  /** The profile that was given or fits. */
  readonly profile: Profile | undefined;
  /** Undefined for what is no Go program. */
  readonly build: GoBuildInfo | undefined;
}

/** A plugin takes the highest version that it knows, so that offering all of these finds it in one start. */
const ALL_VERSIONS = Array.from({ length: 256 }, (_, version) => version);

/** How the program is to be started. Throws UsageError, with what to give, where that is not known. */
export async function resolveTarget(command: readonly string[], flags: StartFlags): Promise<Target> {
  const [file, ...args] = command;
  if (file === undefined || file === '') throw new UsageError('Expected a program, or its command line after --.');
  if (isPath(file) && flags.cwd === undefined) await checkFile(file);
  const build = await buildInfoOf(file);
  const profiles = await profilesFor(flags);
  const profile = profileOf(profiles, file, build, flags);
  const [cookieKey, cookieValue] = cookieOf(profiles, file, profile, flags);
  return {
    kind: 'program',
    title: command.join(' '),
    command: [file, ...args],
    cookieKey,
    cookieValue,
    versions:
      flags.protocolVersions === undefined
        ? (profile?.versions ?? ALL_VERSIONS)
        : parseVersions(flags.protocolVersions),
    protocols: profile === undefined ? ['grpc', 'netrpc'] : [profile.protocol],
    profile,
    build,
  };
}

/** A name without a separator is looked up in the PATH: the start tells whether it is there. */
function isPath(file: string): boolean {
  return /[/\\]/.test(file);
}

/** Before anything is said of cookies and profiles. */
async function checkFile(file: string): Promise<void> {
  const stats = await stat(file).catch((error: Error) => error);
  if (stats instanceof Error) throw new UsageError(`The program ${file} cannot be found: ${stats.message}`);
  if (stats.isDirectory())
    throw new UsageError(
      `${file} is a folder. Give the plugin's program, or see what is in it: rxplug discover ${file}`,
    );
}

async function buildInfoOf(file: string): Promise<GoBuildInfo | undefined> {
  if (!isPath(file)) return undefined;
  try {
    return await readGoBuildInfo(file);
  } catch {
    return undefined;
  }
}

/** In the order in which they are tried: those of the user come first, and last what the project says of every program. */
async function profilesFor({ profileFile }: StartFlags): Promise<readonly Profile[]> {
  const given = profileFile === undefined ? [] : await readProfileFile(profileFile);
  const project = await readProjectProfiles('.');
  const forSome = project.filter(({ isForEvery }) => !isForEvery);
  return [...given, ...forSome, ...PROFILES, ...project.filter(({ isForEvery }) => isForEvery)];
}

function profileOf(
  profiles: readonly Profile[],
  path: string,
  build: GoBuildInfo | undefined,
  { profile: name }: StartFlags,
): Profile | undefined {
  if (name === undefined) return profiles.find((profile) => profile.detect({ path, build }));
  const found = profiles.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`There is no profile ${JSON.stringify(name)}. Expected one of ${namesOf(profiles)}.`);
}

function cookieOf(
  profiles: readonly Profile[],
  file: string,
  profile: Profile | undefined,
  { cookie }: StartFlags,
): readonly [string, string] {
  if (cookie !== undefined) return parsePair(cookie, '--cookie');
  if (profile !== undefined) return [profile.cookieKey, profile.cookieValue];
  throw new UsageError(
    `No profile fits ${file}. Give --profile NAME (${namesOf(profiles)}) or --cookie KEY=VALUE; the cookie stands in the source of the plugin's host.`,
  );
}

function namesOf(profiles: readonly Profile[]): string {
  return profiles.map(({ name }) => name).join(', ');
}
