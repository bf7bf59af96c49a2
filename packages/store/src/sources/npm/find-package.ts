import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import { type JsonObject, objectAt } from '../json.js';

/** A package that is installed. */
export interface FoundPackage {
  /** Its own folder, also where it is linked to. */
  readonly folder: string;
  readonly json: JsonObject;
}

const MAX_BYTES = 1024 * 1024;
const NAME = /^(?:@[A-Za-z0-9_~-][\w.~-]*\/)?[A-Za-z0-9_~-][\w.~-]*$/;

/** The package of a folder, or of one above it. Rejects with StoreError ERR_NOT_FOUND. */
export async function packageAround(folder: string): Promise<FoundPackage> {
  for (let at = await realpath(folder); ; at = dirname(at)) {
    const json = await packageJson(at);
    if (json !== undefined) return { folder: at, json };
    if (dirname(at) === at)
      throw new StoreError('ERR_NOT_FOUND', `${folder} is in no package: there is no package.json in it or above it.`);
  }
}

/** A package as Node finds it from a folder: in `node_modules` there, or above. Undefined if it is not installed. */
export async function findPackage(name: string, from: string): Promise<FoundPackage | undefined> {
  if (!NAME.test(name)) throw new StoreError('ERR_SOURCE', `${quote(name)} is no name of a package.`);
  for (let at = from; ; at = dirname(at)) {
    const folder = await realpath(join(at, 'node_modules', name)).catch(() => undefined);
    const json = folder === undefined ? undefined : await packageJson(folder);
    if (folder !== undefined && json !== undefined) return { folder, json };
    if (dirname(at) === at) return undefined;
  }
}

/** The names of an object such as `dependencies`. */
export function namesIn(json: JsonObject, field: string): readonly string[] {
  return json[field] === undefined ? [] : Object.keys(objectAt(json[field], `\`${field}\` of a package.json`));
}

async function packageJson(folder: string): Promise<JsonObject | undefined> {
  const path = join(folder, 'package.json');
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new StoreError('ERR_SOURCE', `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  if (bytes.length > MAX_BYTES)
    throw new StoreError('ERR_SIZE', `${path} has ${bytes.length} bytes; at most ${MAX_BYTES} are read.`);
  try {
    return objectAt(JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')), path);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('ERR_SOURCE', `${path} is no JSON: ${(error as Error).message}.`, { cause: error });
  }
}
