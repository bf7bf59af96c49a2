/** Copies the snippets of tests and examples, and the tables of options, into the pages: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fill } from './markdown.js';
import { fillOptions } from './options.js';
import { pages, read, root } from './repository.js';
import { sourceText } from './sources.js';

for (const page of pages()) {
  const before = read(page);
  const after = fillOptions(fill(before, sourceText));
  if (after === before) continue;
  writeFileSync(join(root, page), after);
  console.log(page);
}
