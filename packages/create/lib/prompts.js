import { createInterface } from 'node:readline/promises';
import { UsageError } from './arguments.js';
import { describeTemplates, TEMPLATES } from './templates.js';

const [DEFAULT] = Object.keys(TEMPLATES);

/** Asks for what is not given, on a terminal; with `yes` takes the defaults. Throws UsageError where nobody can be asked. */
export async function askFor({ template, folder, yes, rxplug }) {
  if (yes || (template !== undefined && folder !== undefined)) {
    const chosen = template ?? DEFAULT;
    return { template: chosen, folder: folder ?? chosen, rxplug };
  }
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError('Expected --template NAME and a folder, or --yes: there is no terminal to ask at.');
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const ask = asker(asking);
  try {
    const chosen = template ?? (await askForTemplate(ask));
    const named = folder ?? (await ask(`Folder (${chosen}): `));
    return { template: chosen, folder: named === '' ? chosen : named, rxplug };
  } finally {
    asking.close();
  }
}

/** Whoever is asked has gone: by Ctrl+C or Ctrl+D. */
export class Left extends Error {}

/** Asks a question. Throws Left; a readline leaves the question unanswered then, or rejects it. */
function asker(asking) {
  const left = new Promise((_, reject) => {
    asking.once('close', () => reject(new Left('Nothing was made.')));
  });
  left.catch(() => {});
  return async (question) => {
    const answer = asking.question(question).catch(() => left);
    return (await Promise.race([answer, left])).trim();
  };
}

/** Until it is one. */
async function askForTemplate(ask) {
  console.log(describeTemplates());
  for (;;) {
    const answer = await ask(`Template (${DEFAULT}): `);
    if (answer === '') return DEFAULT;
    if (Object.hasOwn(TEMPLATES, answer)) return answer;
    console.log(`There is no template ${JSON.stringify(answer)}.`);
  }
}
