import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UNKNOWN } from './values.js';

type Planned<T> = T | typeof UNKNOWN;

/** What a configuration says of an `acme_file`. A value may be unknown until what it is made of has been applied. */
export interface FileConfig {
  readonly path: Planned<string>;
  readonly content: Planned<string>;
}

/** The state of an `acme_file`. */
export interface File {
  readonly path: string;
  readonly content: string;
  readonly id: string;
  readonly sha256: string;
}

/** A mistake of the user's, in one attribute. */
export interface Mistake {
  readonly attribute: keyof FileConfig;
  readonly summary: string;
  readonly detail: string;
}

export function mistakesIn({ path }: FileConfig): readonly Mistake[] {
  if (typeof path !== 'string' || !path.split('/').includes('..')) return [];
  const detail = `${JSON.stringify(path)} leads out of the folder of the provider. Give a path without "..".`;
  return [{ attribute: 'path', summary: 'The path leaves the folder', detail }];
}

/** What will be: what can be known of it now is, so that the plan shows it. */
export function planFile({ path, content }: FileConfig) {
  return { path, content, id: path, sha256: typeof content === 'string' ? sha256(content) : UNKNOWN };
}

/** Reads a file; undefined where there is none (any more). */
export async function readFileState(folder: string, path: string): Promise<File | undefined> {
  try {
    const content = await readFile(join(folder, path), 'utf8');
    return { path, content, id: path, sha256: sha256(content) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeFileState(folder: string, { path, content }: File): Promise<File> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return { path, content, id: path, sha256: sha256(content) };
}

export async function removeFile(folder: string, { path }: File): Promise<void> {
  await rm(join(folder, path), { force: true });
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
