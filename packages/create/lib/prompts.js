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
  try {
    const chosen = template ?? (await askForTemplate(asking));
    const named = folder ?? (await asking.question(`Folder (${chosen}): `)).trim();
    return { template: chosen, folder: named === '' ? chosen : named, rxplug };
  } finally {
    asking.close();
  }
}

/** Until it is one. */
async function askForTemplate(asking) {
  console.log(describeTemplates());
  for (;;) {
    const answer = (await asking.question(`Template (${DEFAULT}): `)).trim();
    if (answer === '') return DEFAULT;
    if (Object.hasOwn(TEMPLATES, answer)) return answer;
    console.log(`There is no template ${JSON.stringify(answer)}.`);
  }
}
