import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { excerpt } from './regions.js';
import { filesBelow, read, root } from './repository.js';

const ALLOWED =
  /^(test\/docs\/[^/]+\.test\.ts|examples\/.+|proto\/(?:examples|internal|grpc\/health)\/.+|test\/conformance\/go\/guide\/.+|test\/fixtures\/standard-decorators\/.+|test\/fixtures\/tools\/.+|buf\.gen\.examples\.yaml)$/;

/** The text of the snippet `path` or `path#region`. Throws when no test runs that file, or it has no such region. */
export function sourceText(source: string): string {
  const [path = '', region] = source.split('#');
  if (!ALLOWED.test(path))
    throw new Error(
      `${path} is neither a test of test/docs/ nor an example, a proto, the Go host of the guide, the fixture of standard decorators, a program of test/package/tools and nestjs, or what generates the examples`,
    );
  if (!existsSync(join(root, path))) throw new Error(`${path} is not there`);
  if (path.startsWith('examples/') && !isRun(path)) throw new Error(`no test runs ${path}`);
  return excerpt(read(path), region);
}

let run: Set<string> | undefined;

/** Whether a test names this example, directly or through other examples. */
function isRun(example: string): boolean {
  run ??= reachable();
  return run.has(example);
}

/** All files that the tests import or start, also through examples. */
function reachable(): Set<string> {
  const examples = new Set(filesBelow('examples', ''));
  const found = new Set<string>();
  const queue = filesBelow('test', '.test.ts');
  for (const file of queue) {
    for (const named of namedIn(file)) {
      if (!examples.has(named) || found.has(named)) continue;
      found.add(named);
      queue.push(named);
    }
  }
  return found;
}

/** The files that the strings of a file may refer to: relative to it, to the examples or to the root, with `.js` for `.ts`. */
function namedIn(file: string): string[] {
  const strings = [...read(file).matchAll(/['"`]([\w./-]+)['"`]/g)].map((match) => match[1]!);
  return strings.flatMap((text) =>
    [posix.join(posix.dirname(file), text), posix.join('examples', text), posix.normalize(text)].flatMap((path) => [
      path,
      path.replace(/\.(c?)js$/, '.$1ts'),
      `${path}.ts`,
    ]),
  );
}
