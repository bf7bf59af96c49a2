import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesBelow, read, root } from './repository.js';

interface Example {
  readonly place: string;
  readonly code: string;
}

/** The code of every `@example` in the doc comments of a source file. */
function examplesIn(file: string): Example[] {
  return [...read(file).matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment], index) => {
    const text = comment.replaceAll(/^ *\/?\*+\/? ?/gm, '');
    const parts = text.split(/^@example\s*$/m).slice(1);
    return parts.map((part) => ({ place: `${file}, comment ${index + 1}`, code: codeOf(part) }));
  });
}

/** Editors show the text behind `@example` as code, fenced or not. */
function codeOf(part: string): string {
  return /```ts\n([\s\S]*?)```/.exec(part)?.[1] ?? part;
}

const { exports: entries } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> };

/** Every value of the package and of what is used with it, so that an example needs no imports. */
async function prelude(): Promise<string> {
  const names = Object.keys(entries).map((entry) => entry.replace('.', 'rxplug'));
  const seen = new Set<string>();
  const lines = ["import { firstValueFrom, lastValueFrom, retry, switchMap, take, toArray } from 'rxjs';"];
  for (const name of names) {
    const values = Object.keys((await import(name)) as object).filter(
      (value) => value !== 'default' && !seen.has(value),
    );
    for (const value of values) seen.add(value);
    lines.push(`import { ${values.join(', ')} } from '${name}';`);
  }
  return lines.join('\n');
}

/** What an example names without declaring it (`sizeOf`, `merger`) is the reader's own. */
const UNKNOWN_NAME = /error TS(2304|2552|18004|2503):/;

async function compile(directory: string): Promise<string[]> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await new Promise<{ stdout: string }>((resolve) =>
    execFile(process.execPath, [tsc, '-p', directory], { cwd: directory }, (_, out) => resolve({ stdout: out })),
  );
  return stdout.split('\n').filter((line) => /error TS/.test(line) && !UNKNOWN_NAME.test(line));
}

test('the examples in doc comments compile against the package', async () => {
  const examples = filesBelow('src', '.ts').flatMap(examplesIn);
  assert.ok(examples.length > 30, `${examples.length} examples`);
  const directory = mkdtempSync(join(root, 'dist/docstrings-'));
  try {
    const imports = await prelude();
    examples.forEach(({ code }, index) => {
      const body = code.replaceAll(/^export /gm, '').replaceAll(/^import .*$/gm, '');
      writeFileSync(join(directory, `${index}.ts`), `${imports}\nexport {};\nasync function example() {\n${body}\n}\n`);
    });
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(CONFIG));
    const errors = await compile(directory);
    assert.deepEqual(
      errors.map((error) => `${examples[Number(/^\D*(\d+)\.ts/.exec(error)?.[1])]?.place}: ${error}`),
      [],
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

const CONFIG = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    rootDir: '../..',
    noImplicitAny: false,
  },
  include: ['*.ts'],
};
