import { readdir } from 'node:fs/promises';
import { UsageError } from '../process/exit-code.js';

/** The .proto files of a folder and those in it, as paths with slashes from there, sorted. Throws UsageError where there are none. */
export async function protoFilesIn(directory: string): Promise<readonly string[]> {
  const names = await namesIn(directory);
  const found = names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.proto') && !name.split('/').includes('node_modules'));
  if (found.length > 0) return found.sort(compareText);
  throw new UsageError(`There are no .proto files in ${directory}.`);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory, { recursive: true });
  } catch (error) {
    throw new UsageError(`Cannot read ${directory}: ${(error as Error).message}`);
  }
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
