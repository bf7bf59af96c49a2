#!/usr/bin/env node
/** `npm create rxplug`: makes a project of a template. */
import { parseArguments, USAGE, UsageError } from './lib/arguments.js';
import { askFor, Left } from './lib/prompts.js';
import { describeTemplates } from './lib/templates.js';
import { writeProject } from './lib/write-project.js';

try {
  const given = parseArguments(process.argv.slice(2));
  if (given.help) console.log(`${USAGE}\n\nTemplates:\n${describeTemplates()}`);
  else {
    const { folder, steps } = await writeProject(await askFor(given));
    console.log(`Made ${folder}. Next:\n\n${steps.map((step) => `  ${step}`).join('\n')}`);
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Left)) throw error;
  console.error(error instanceof Left ? `\n${error.message}` : error.message);
  process.exitCode = error instanceof Left ? 130 : 2;
}
