import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { UsageError } from './arguments.js';
import { templateFolder } from './templates.js';

/** Copies a template into a new folder. Returns the folder, and what to do next. Throws UsageError. */
export async function writeProject({ template, folder, rxplug }) {
  const target = resolve(folder);
  await mkdir(target, { recursive: true }).catch((error) => {
    throw new UsageError(`Cannot make the folder ${folder}: ${error.message}. Give the name of a new folder.`);
  });
  const found = (await readdir(target)).filter((name) => name !== '.git');
  if (found.length > 0)
    throw new UsageError(`${folder} is not empty: it has ${found[0]}. Give the name of a new folder.`);
  await cp(templateFolder(template), target, { recursive: true });
  // npm packs no file of this name.
  await rename(join(target, '_gitignore'), join(target, '.gitignore'));
  const manifest = join(target, 'package.json');
  const content = JSON.parse(await readFile(manifest, 'utf8'));
  const dependency = rxplug === undefined ? `^${await ownVersion()}` : specOf(rxplug);
  const named = {
    ...content,
    name: packageName(target),
    dependencies: { ...content.dependencies, rxplug: dependency },
  };
  await writeFile(manifest, `${JSON.stringify(named, undefined, 2)}\n`);
  const there = relative('', target);
  const first = content.scripts.proto === undefined ? [] : ['npm run proto'];
  const steps = ['npm install', ...first, 'npm run build', 'npm test'];
  return { folder, steps: there === '' ? steps : [`cd ${quoted(there)}`, ...steps] };
}

async function ownVersion() {
  return JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** As a shell takes it: in quotes where it would be more than one word. */
function quoted(path) {
  return /^[\w./-]+$/.test(path) ? path : `"${path}"`;
}

/** A file, which npm would look for from the new folder, or a version. */
function specOf(text) {
  return /\.tgz$|^[./~]/.test(text) ? `file:${resolve(text)}` : text;
}

/** A name that npm allows. */
function packageName(target) {
  const name = basename(target)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return name === '' ? 'plugin' : name;
}
