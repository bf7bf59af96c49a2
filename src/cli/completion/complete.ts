import { type Application, proposeCompletions } from '@stricli/core';
import type { CliContext } from '../process/context.js';
import { COMPLETE } from './scripts.js';

/** Prints what the last word may become, each on a line. After `--` comes the plugin's command line, of which nothing is known. */
export async function complete(
  app: Application<CliContext>,
  words: readonly string[],
  context: CliContext,
): Promise<void> {
  if (words.slice(0, -1).includes('--')) return;
  if (words[0] === 'plugin' && words.length > 1) return completePlugin(words.slice(1));
  const found = await proposeCompletions(app, words, context);
  const last = words.at(-1) ?? '';
  // Negations of flags are many, and seldom meant.
  const shown = found
    .map(({ completion }) => completion)
    .filter((text) => !text.startsWith('--no') || last.startsWith('--no'));
  for (const text of new Set(shown)) context.process.stdout.write(`${text}\n`);
}

/** Without `rxplug-store` nothing is known. */
async function completePlugin(words: readonly string[]): Promise<void> {
  const { runStore } = await import('../plugin/run-store.js');
  await runStore([COMPLETE, ...words]).catch(() => {});
}
