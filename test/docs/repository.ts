import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

const LEFT_OUT = /(^|\/)(node_modules|dist|\.git|gen)(\/|$)/;

/** The repository's files below a folder that end like this; paths with `/`, relative to the root. */
export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => file.endsWith(ending) && !LEFT_OUT.test(file))
    .sort();
}

export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** All pages: the README, the changelog, SECURITY.md, the pages in docs/ and the READMEs of the examples. */
export function pages(): string[] {
  return ['CHANGELOG.md', 'README.md', 'SECURITY.md', ...filesBelow('docs', '.md'), ...filesBelow('examples', '.md')];
}
