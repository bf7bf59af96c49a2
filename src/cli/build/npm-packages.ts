import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PluginManifest } from 'rxplug/manifest';
import type { Platform } from './platforms.js';

/** The packages of a plugin: one with a script for any Node, and one with an executable for each platform, of which npm installs the fitting one. */
export interface PluginPackages {
  readonly script: string;
  executableOf(platform: Platform): string;
}

interface Layout {
  readonly entry: string;
  /** The package's name, with its scope. */
  readonly name: string;
  /** The folder in which each package is a folder. */
  readonly out: string;
  readonly platforms: readonly Platform[];
}

/** What a package takes over from that of the source. */
const TAKEN = ['version', 'description', 'keywords', 'license', 'author', 'homepage', 'repository'] as const;

/** By which `installedPlugins` of `rxplug-store` finds plugins: the package is one, its executables are not. */
const KEYWORD = 'rxplug-plugin';

/** Writes all of the packages but their programs. */
export async function writePackages({ entry, name, out, platforms }: Layout): Promise<PluginPackages> {
  const file = name.slice(name.lastIndexOf('/') + 1);
  const own = await packageAbove(dirname(entry));
  const taken = {
    version: '0.0.0',
    ...Object.fromEntries(TAKEN.flatMap((key) => (key in own ? [[key, own[key]]] : []))),
  };
  const { keywords } = own;
  const known = Array.isArray(keywords) ? (keywords as unknown[]).filter((one) => one !== KEYWORD) : [];
  const parts = platforms.map(({ os, cpu }) => [`${name}-${os}-${cpu}`, { os: [os], cpu: [cpu] }] as const);
  for (const [part, forPlatform] of parts)
    await writeManifest(folderOf(out, part), {
      name: part,
      ...taken,
      keywords: known,
      ...forPlatform,
      files: [file, `${file}.exe`],
    });
  const main = folderOf(out, name);
  await writeManifest(main, {
    name,
    ...taken,
    keywords: [...known, KEYWORD],
    bin: { [file]: file },
    main: 'index.cjs',
    types: 'index.d.cts',
    files: [file, 'index.cjs', 'index.d.cts'],
    optionalDependencies: Object.fromEntries(parts.map(([part]) => [part, taken.version])),
  });
  await writeFile(join(main, 'index.cjs'), commandModule(name, file));
  await writeFile(join(main, 'index.d.cts'), COMMAND_TYPES);
  return {
    script: join(main, file),
    executableOf: ({ os, cpu }) => join(folderOf(out, `${name}-${os}-${cpu}`), file),
  };
}

function folderOf(out: string, name: string): string {
  return join(out, name.slice(name.lastIndexOf('/') + 1));
}

async function writeManifest(folder: string, manifest: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Adds what the plugin says of itself to its package, where that does not say it already. */
export async function addManifest(folder: string, manifest: PluginManifest): Promise<void> {
  const own = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const rxplug = Object.fromEntries(Object.entries(manifest).filter(([key, value]) => own[key] !== value));
  await writeManifest(folder, { ...own, rxplug });
}

/** The `package.json` of the source, or nothing. */
export async function packageAbove(folder: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  } catch {
    const above = dirname(folder);
    return above === folder ? {} : packageAbove(above);
  }
}

const COMMAND_TYPES = `/** The command line of the plugin, for a host. */
export declare const command: readonly [file: string, ...args: string[]];
`;

/** Gives a host the executable, or the script where npm has left the executable out. */
function commandModule(name: string, file: string): string {
  return `'use strict';
const { join } = require('node:path');
const suffix = process.platform === 'win32' ? '.exe' : '';
const executable = () => {
  try {
    return require.resolve(\`${name}-\${process.platform}-\${process.arch}/${file}\${suffix}\`);
  } catch {
    return undefined;
  }
};
const found = executable();
exports.command = found === undefined ? [process.execPath, join(__dirname, ${JSON.stringify(file)})] : [found];
`;
}
