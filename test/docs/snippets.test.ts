import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { anchorsOf, type Fence, fencesOf, fill, linksOf, lostSources } from './markdown.js';
import { excerpt, regionsOf } from './regions.js';
import { filesBelow, pages, read, root } from './repository.js';
import { sourceText } from './sources.js';

/** Blocks in these languages must be run by a test; blocks without a language, and in PICTURES, are illustrations. What a `console` shows is compared by cli.test. */
const RUN = ['ts', 'sh', 'json'];
const PICTURES = ['', 'text', 'console', 'proto', 'yaml', 'go'];

const { scripts, files } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; files: string[] };
/** Pages and folders that the package leaves out: its documents name them and do not link them. */
const leftOut = files.filter((path) => path.startsWith('!')).map((path) => path.slice(1));

for (const page of pages()) {
  test(`${page}: every snippet is an excerpt of a file that is run`, () => {
    const problems = fencesOf(read(page)).flatMap((fence) =>
      problemsOf(fence).map((why) => `line ${fence.line + 1}: ${why}`),
    );
    problems.push(...lostSources(read(page)).map((source) => `no fence follows the comment that names ${source}`));
    assert.deepEqual(problems, [], 'after a change of a snippet: npm run docs');
  });

  test(`${page}: every link has a target`, () => {
    const broken = linksOf(read(page)).flatMap(({ target }) => brokenLink(page, target));
    assert.deepEqual(broken, []);
  });
}

test('the README links the index, which links every page and every example, or names it if it is not in the package', () => {
  assert.ok(linksOf(read('README.md')).some(({ target }) => /^docs(\/README\.md)?$/.test(target)));
  const index = read('docs/README.md');
  const linked = linksOf(index).map(({ target }) => posix.normalize(`docs/${target}`));
  const documented = filesBelow('docs', '.md').filter((file) => !/^docs\/(decisions\/|README)/.test(file));
  const examples = filesBelow('examples', 'README.md').map((file) => posix.dirname(file));
  assert.deepEqual(
    [...documented, ...examples].filter(
      (file) => !(isPacked(file) ? linked.includes(file) : index.includes(named(file))),
    ),
    [],
    'add these to docs/README.md',
  );
});

test('what the snippets of a first page import is among what the page installs', () => {
  const missing = filesBelow('docs/start', '.md').flatMap((page) => {
    const text = read(page);
    const installs = [...text.matchAll(/^npm install .*|Install `.*/gm)].map(([line]) => line.replaceAll('`', ' '));
    const installed = installs.join(' ').split(/\s+/);
    const imported = fencesOf(text).flatMap((fence) =>
      fence.language === 'ts' ? [...fence.text.matchAll(/ from '((?:@[^/']+\/)?[^./'][^/']*)/g)] : [],
    );
    const names = new Set(imported.map(([, name]) => name!).filter((name) => !name.startsWith('node:')));
    return [...names].filter((name) => !installed.includes(name)).map((name) => `${page}: ${name}`);
  });
  assert.deepEqual(missing, []);
});

test('every region is shown by a page', () => {
  const shown = new Set(pages().flatMap((page) => fencesOf(read(page)).map(({ source }) => source)));
  const sources = [
    ...filesBelow('test/docs', '.test.ts'),
    ...filesBelow('examples', ''),
    ...filesBelow('proto/examples', ''),
  ];
  const unused = sources.flatMap((file) => {
    return regionsOf(read(file))
      .filter((region) => !shown.has(`${file}#${region}`))
      .map((region) => `${file}#${region}`);
  });
  assert.deepEqual(unused, []);
});

test('a fence without a source, with a wrong text or with an unknown source is an error', () => {
  const [bare, wrong, unknown, shell] = fencesOf(
    [
      '```ts\nlet a;\n```',
      '<!-- snippet: examples/basic/plugin.ts -->\n\n```ts\nlet a;\n```',
      '<!-- snippet: src/index.ts -->\n\n```ts\nlet a;\n```',
      '```sh\nnpm run nothing\n```',
    ].join('\n\n'),
  );
  for (const fence of [bare, wrong, unknown, shell]) assert.equal(problemsOf(fence!).length, 1);
  assert.deepEqual(lostSources('<!-- snippet: a -->\n\nText.\n\n<!-- snippet: b -->\n\n```ts\n```\n'), ['a']);
  assert.equal(brokenLink('README.md', 'docs/nothing.md').length, 1);
  assert.equal(brokenLink('README.md', 'docs/architecture.md#nothing').length, 1);
  assert.equal(brokenLink('README.md', 'docs/architecture.md#rooms').length, 0);
});

test('a region has neither its common indentation nor the markers of other regions', () => {
  const file =
    '{\n  // #region a\n  if (b) {\n    // #region c\n    d();\n    // #endregion c\n  }\n  // #endregion a\n}\n';
  assert.equal(excerpt(file, 'a'), 'if (b) {\n  d();\n}');
  assert.equal(excerpt(file, 'c'), 'd();');
  assert.deepEqual(regionsOf(file), ['a', 'c']);
  assert.throws(() => excerpt(file, 'e'), /expected one region e/);
});

test('filling a page replaces the text between the fences only', () => {
  const page = '<!-- snippet: x -->\n\n```ts\n```\n\n```ts\nold\n```\n\n<!-- snippet: y -->\n\n```ts\nold\nold\n```\n';
  assert.equal(
    fill(page, (source) => `new ${source}\n2`),
    '<!-- snippet: x -->\n\n```ts\nnew x\n2\n```\n\n```ts\nold\n```\n\n<!-- snippet: y -->\n\n```ts\nnew y\n2\n```\n',
  );
});

const isPacked = (path: string): boolean => !leftOut.some((left) => path === left || path.startsWith(`${left}/`));

const named = (path: string): string => `\`${path.replace(/^docs\//, '')}\``;

function problemsOf({ language, text, source }: Fence): string[] {
  if (source !== undefined) return textProblem(text, source);
  if (PICTURES.includes(language)) return [];
  if (language === 'sh') return text.split('\n').flatMap(commandProblem);
  return [
    RUN.includes(language) ? 'the snippet has no source' : `the language ${language} is none of ${RUN.join(', ')}`,
  ];
}

function textProblem(text: string, source: string): string[] {
  try {
    return text === sourceText(source) ? [] : [`differs from ${source}`];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Allows `npm ci`, `npm start`, `npm test`, the scripts of package.json and the programs of the repository. */
function commandProblem(line: string): string[] {
  return line.split('&&').flatMap((part) => {
    const command = part.trim().replace(/^([A-Z_]+=\S+ )+/, '');
    if (['npm ci', 'npm start', 'npm test'].includes(command)) return [];
    const script = command.match(/^npm run (\S+)/)?.[1];
    if (script !== undefined && script in scripts) return [];
    const program = command.match(/^node dist\/(\S+)\.js\b/)?.[1];
    if (program !== undefined && existsSync(join(root, `${program}.ts`))) return [];
    return [`\`${command}\` is no command of package.json`];
  });
}

function brokenLink(page: string, target: string): string[] {
  if (/^(https?:|mailto:)/.test(target)) return [];
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : posix.join(posix.dirname(page), path);
  if (!existsSync(join(root, file))) return [`${target}: there is no ${file}`];
  if (anchor === undefined || statSync(join(root, file)).isDirectory()) return [];
  return anchorsOf(read(file)).includes(anchor) ? [] : [`${target}: ${file} has no heading #${anchor}`];
}
