/** What `npm pack` packs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const MAX_BYTES = 2_000_000;

interface PackedFile {
  readonly path: string;
  readonly size: number;
}

let files: readonly PackedFile[] = [];
before(async () => {
  const npm = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', npm, {
    cwd: root,
    env: testEnv({ npm_config_loglevel: 'error' }),
  });
  files = (JSON.parse(stdout) as { files: PackedFile[] }[])[0]?.files ?? [];
});

const USEFUL = [
  /^dist\/src\/.*\.d\.ts$/,
  /^dist\/lib\/((parts|imported|required)\/)?[\w-]+\.js(\.map)?$/,
  /^dist\/cli\/(parts\/)?[\w-]+\.js$/,
  /^dist\/cjs\/[\w-]+\.(cjs|d\.cts)$/,
  /^(docs|examples)\/.*\.md$/,
  /^docs\/plugin\.schema\.json$/,
  /^proto\/.*\.proto$/,
  /^examples\/.*(\.ts|\.go|\.py|\.yaml|\/go\.(mod|sum)|\/requirements\.txt)$/,
  /^([A-Z]+\.md|LICENSE|package\.json)$/,
];

test('the package holds what a user needs and nothing else', () => {
  assert.ok(files.length > 0);
  const strange = files.filter(({ path }) => !USEFUL.some((kind) => kind.test(path)));
  assert.deepEqual(
    strange.map(({ path }) => path),
    [],
  );
});

test('it takes 2 MB at most, without the maps that only debuggers read', (t) => {
  const sizes = files.filter(({ path }) => !path.endsWith('.map')).map(({ size }) => size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${bytes} bytes, ${MAX_BYTES - bytes} to spare`);
  assert.ok(bytes > 0 && bytes <= MAX_BYTES, `${bytes} bytes: ${bytes - MAX_BYTES} too many`);
});

const CODE = /```[^]*?```/g;
const LINK = /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
/** Files and folders of the package, or of the repository if the package leaves them out, that a text names without a link. */
const NAMED = /`((?:examples|proto|docs)\/[\w./-]+)`/g;

test('what its documents link to, or name, is in it', async () => {
  const paths = files.map(({ path }) => path);
  const isPacked = (path: string): boolean =>
    paths.includes(path) || paths.some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));
  const documents = paths.filter((path) => path.endsWith('.md'));
  assert.ok(documents.includes('README.md') && documents.includes('docs/start/injection.md'));
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] };
  const leftOut = manifest.files.filter((path) => path.startsWith('!')).map((path) => path.slice(1));
  const isLeftOut = (path: string): boolean => leftOut.some((left) => path === left || path.startsWith(`${left}/`));
  const dead: string[] = [];
  for (const document of documents) {
    const text = (await readFile(join(root, document), 'utf8')).replaceAll(CODE, '');
    const links = [...text.matchAll(LINK)].flatMap(([, target = '']) =>
      /^([a-z]+:|#)/.test(target) ? [] : posix.join(posix.dirname(document), target.replace(/#.*/, '')),
    );
    const named = [...text.matchAll(NAMED)].map(([, path = '']) => path);
    for (const path of [...links, ...named.filter((path) => !isLeftOut(path))])
      if (!isPacked(path)) dead.push(`${document}: ${path}`);
  }
  assert.deepEqual(dead, []);
});

test('package.json names no address: the project has none yet', async () => {
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  assert.doesNotMatch(manifest, /https?:|git[+@:]|"(repository|homepage|bugs|funding)"/);
});
