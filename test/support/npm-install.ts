import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { withCertificates } from './extra-certificates.js';
import { waiting } from './waiting.js';

/** The reason of a test that is skipped because of it. */
export const NO_REGISTRY = 'npm install failed: no registry';

/**
 * Installs packages, by name and version or range, in a directory that becomes a project of ES modules. Whether the registry was there;
 * rejects when it was and the packages are not to be had.
 */
export async function npmInstall(directory: string, dependencies: Readonly<Record<string, string>>): Promise<boolean> {
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
  const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
  const installing = promisify(execFile)('npm', npm, {
    cwd: directory,
    env: withCertificates(testEnv()),
    timeout: 120_000,
  });
  return waiting(`Installing ${Object.keys(dependencies).join(', ')} by npm`, installing).then(
    () => true,
    ({ stderr }: { stderr: string }) => {
      if (/ERESOLVE|ETARGET|E404/.test(stderr) || process.env['CI'] === 'true') throw new Error(stderr);
      return false;
    },
  );
}
