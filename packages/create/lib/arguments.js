import { parseArgs } from 'node:util';
import { describeTemplates, TEMPLATES } from './templates.js';

export const USAGE = `npm create rxplug [FOLDER] -- [--template NAME] [--rxplug SPEC] [--yes]

  FOLDER           folder to make; it must be empty or new. Default: the template's name
  --template NAME  see below. Default: plugin-and-host
  --rxplug SPEC    what to install as rxplug: a version, or the tarball of npm pack
  --yes            ask nothing`;

/** Wrong use: its message is all that is printed. */
export class UsageError extends Error {}

/** What the command line says; undefined where it says nothing. Throws UsageError. */
export function parseArguments(args) {
  const { values, positionals } = parsed(args);
  if (positionals.length > 1) throw new UsageError(`Expected one folder, got ${positionals.join(' ')}.\n\n${USAGE}`);
  const { template } = values;
  if (template !== undefined && !Object.hasOwn(TEMPLATES, template))
    throw new UsageError(`There is no template ${JSON.stringify(template)}. There are:\n${describeTemplates()}`);
  return { ...values, folder: positionals[0] };
}

function parsed(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        template: { type: 'string' },
        rxplug: { type: 'string' },
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${USAGE}`);
  }
}
