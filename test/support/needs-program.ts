import { execFileSync } from 'node:child_process';

/**
 * The options of a test that needs a program: skipped with a message where it is not installed. Under CI=true a missing one is a failure.
 * `from` is the Debian package that has it.
 */
export function needsProgram(program: string, from: string): { readonly skip: string | false } {
  try {
    execFileSync('sh', ['-c', 'command -v -- "$1"', 'sh', program], { stdio: 'ignore' });
    return { skip: false };
  } catch {
    if (process.env['CI'] === 'true') throw new Error(`${program} is not installed (Debian: ${from}), and CI=true.`);
    return { skip: `${program} is not installed (Debian: ${from}).` };
  }
}
