import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PluginManifest } from 'rxplug/manifest';
import { UsageError } from '../process/exit-code.js';
import { type GoBuildInfo, readGoBuildInfo } from './go-build-info.js';
import { ALL_VERSIONS, commandOfManifest, type FoundManifest, findManifest, profileOfManifest } from './manifest.js';
import { parsePair, parseVersions, type StartFlags } from './options.js';
import { readProfileFile, readProjectProfiles } from './profile-file.js';
import { PROFILES, type Profile } from './profiles.js';

/** A plugin that can be started. */
export interface Target {
  readonly kind: 'program';
  /** Its command line, for people. */
  readonly title: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** Where it is to be started, unless a flag says so; undefined for here. */
  readonly cwd: string | undefined;
  readonly cookieKey: string;
  readonly cookieValue: string;
  readonly versions: readonly number[];
  /** The profile that was given or fits. */
  readonly profile: Profile | undefined;
  /** What the plugin says of itself. */
  readonly manifest: PluginManifest | undefined;
  /** Undefined for what is no Go program. */
  readonly build: GoBuildInfo | undefined;
}

/** A program as it was given, and what lies beside it. */
interface Program {
  readonly command: readonly [file: string, ...args: string[]];
  readonly cwd?: string;
  /** The manifest, and whether it was found where the program is: else it is that of the project. */
  readonly found: FoundManifest | undefined;
  readonly isBeside: boolean;
}

/** How the program is to be started. Throws UsageError, with what to give, where that is not known. */
export async function resolveTarget(given: readonly string[], flags: StartFlags): Promise<Target> {
  const program = await programOf(given, flags);
  const { command, cwd, found } = program;
  const [file] = command;
  const build = await buildInfoOf(file);
  const profiles = await profilesFor(program, flags);
  const profile = profileOf(profiles, file, build, flags);
  const [cookieKey, cookieValue] = cookieOf(profiles, program, profile, flags);
  const versions = profile?.versions ?? found?.manifest.handshake?.protocolVersions ?? ALL_VERSIONS;
  return {
    kind: 'program',
    title: given.join(' '),
    command,
    cwd,
    cookieKey,
    cookieValue,
    versions: flags.protocolVersions === undefined ? versions : parseVersions(flags.protocolVersions),
    profile,
    manifest: found?.manifest,
    build,
  };
}

/** A folder with a manifest is the program that its manifest names. Throws UsageError. */
async function programOf([file, ...args]: readonly string[], { cwd }: StartFlags): Promise<Program> {
  if (file === undefined || file === '') throw new UsageError('Expected a program, or its command line after --.');
  if (!isPath(file) || cwd !== undefined)
    return { command: [file, ...args], found: await findManifest(cwd ?? '.'), isBeside: false };
  const stats = await stat(file).catch((error: Error) => error);
  if (stats instanceof Error) throw new UsageError(`The program ${file} cannot be found: ${stats.message}`);
  const found = await findManifest(stats.isDirectory() ? file : dirname(file));
  if (!stats.isDirectory())
    return { command: [file, ...args], found: found ?? (await findManifest('.')), isBeside: found !== undefined };
  if (found?.manifest.run === undefined)
    throw new UsageError(
      `${file} is a folder. Give the plugin's program, or see what is in it: rxplug discover ${file}`,
    );
  return { command: [...commandOfManifest(found), ...args], cwd: dirname(found.path), found, isBeside: true };
}

/** A name without a separator is looked up in the PATH: the start tells whether it is there. */
function isPath(file: string): boolean {
  return /[/\\]/.test(file);
}

async function buildInfoOf(file: string): Promise<GoBuildInfo | undefined> {
  if (!isPath(file)) return undefined;
  try {
    return await readGoBuildInfo(file);
  } catch {
    return undefined;
  }
}

/**
 * In the order in which they are tried: those of the user come first, then what the program's own manifest says, and last what the project
 * says of every program.
 */
async function profilesFor({ found, isBeside }: Program, { profileFile }: StartFlags): Promise<readonly Profile[]> {
  const given = profileFile === undefined ? [] : await readProfileFile(profileFile);
  const project = await readProjectProfiles('.');
  const forSome = project.filter(({ isForEvery }) => !isForEvery);
  const forEvery = project.filter(({ isForEvery }) => isForEvery);
  const said = found && profileOfManifest(found.manifest, [...given, ...project, ...PROFILES]);
  const own = said === undefined ? [] : [said];
  return [...given, ...forSome, ...(isBeside ? own : []), ...PROFILES, ...(isBeside ? [] : own), ...forEvery];
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
  { command: [file], found }: Program,
  profile: Profile | undefined,
  { cookie }: StartFlags,
): readonly [string, string] {
  if (cookie !== undefined) return parsePair(cookie, '--cookie');
  if (profile !== undefined) return [profile.cookieKey, profile.cookieValue];
  const key = found?.manifest.handshake?.cookieKey;
  if (found !== undefined && key !== undefined)
    throw new UsageError(
      `${found.path} says that the cookie is ${key}, and not its value. Give --cookie ${key}=VALUE; it stands in the source of the plugin's host.`,
    );
  throw new UsageError(
    `No profile fits ${file}. Give --profile NAME (${namesOf(profiles)}) or --cookie KEY=VALUE; the cookie stands in the source of the plugin's host.`,
  );
}

function namesOf(profiles: readonly Profile[]): string {
  return profiles.map(({ name }) => name).join(', ');
}
