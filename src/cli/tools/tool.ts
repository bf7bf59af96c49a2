import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../process/exit-code.js';

/** Bound of one run of a compiler. */
const LIMIT_MS = 120_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** The first of some programs that is there: in `node_modules/.bin` of the folder or one above it, or in the PATH. */
export async function findTool<Name extends string>(
  names: readonly Name[],
  directory: string,
): Promise<{ readonly name: Name; readonly file: string } | undefined> {
  const places = [...binariesOf(directory), ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean)];
  for (const name of names) {
    for (const place of places) {
      const file = join(place, process.platform === 'win32' ? `${name}.exe` : name);
      if (await isExecutable(file)) return { name, file };
    }
  }
  return undefined;
}

/** Runs a compiler. Throws UsageError with what it says of its input. */
export async function runTool(file: string, args: readonly string[], cwd: string): Promise<Buffer> {
  try {
    const options = { cwd, timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'buffer' } as const;
    return (await promisify(execFile)(file, args, options)).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: Buffer };
    const said = stderr?.toString().trim() ?? '';
    throw new UsageError(`${file} has failed:\n${said === '' ? message : said}`);
  }
}

function binariesOf(directory: string): readonly string[] {
  const parent = dirname(directory);
  return [join(directory, 'node_modules/.bin'), ...(parent === directory ? [] : binariesOf(parent))];
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
