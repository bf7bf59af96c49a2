import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandFailure, ExitCode, UsageError } from '../process/exit-code.js';

/** What `rxplug-store/cli` runs in. */
interface StoreContext {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** `rxplug-store/cli`. */
interface StoreCli {
  run(args: readonly string[], context: StoreContext): Promise<number>;
}

const STORE = 'rxplug-store/cli';

/**
 * Runs the command line of `rxplug-store`, that beside this package or that of the project in the working directory, and resolves with its exit code. Rejects
 * with UsageError where there is none.
 */
export async function runStore(args: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr, env } = process;
  const cwd = process.cwd();
  const file = storeFrom(import.meta.url) ?? storeFrom(join(cwd, 'package.json'));
  if (file === undefined)
    throw new UsageError(
      'The commands for plugins are in the package rxplug-store, which is not installed: npm install rxplug-store. ' +
        'It is not on npm yet: npm install FILE, with the tarball of packages/store.',
    );
  return await (await load(file)).run(args, { stdin, stdout, stderr, env, cwd });
}

function storeFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve(STORE);
  } catch {
    return undefined;
  }
}

async function load(file: string): Promise<StoreCli> {
  try {
    return (await import(pathToFileURL(file).href)) as StoreCli;
  } catch (error) {
    throw new CommandFailure(ExitCode.bad, `Cannot load ${file}: ${(error as Error).message}`);
  }
}
