import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Why there can be no sandbox here. With RXPLUG_SANDBOX=required, which CI sets after installing bubblewrap, that is an error. For the
 * options of a test.
 */
export function needsBwrap(): { readonly skip: string | false } {
  const missing = missingSandbox();
  if (missing !== false && process.env['RXPLUG_SANDBOX'] === 'required') throw new Error(missing);
  return { skip: missing };
}

function missingSandbox(): string | false {
  if (process.platform !== 'linux') return 'Sandboxes are tested on Linux only.';
  const args = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', 'true'];
  const { error, status, stderr } = spawnSync('bwrap', args, { encoding: 'utf8' });
  if (error !== undefined)
    return 'bwrap is not installed (apt-get install bubblewrap): plugins in sandboxes are not tested.';
  return status === 0 ? false : `There can be no sandbox here: ${stderr.trim()}`;
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** What our own programs need in a sandbox, when they are run as they are built: many files, and packages. */
export const OWN_FILES: readonly string[] = [repository, realpathSync(join(repository, 'node_modules'))];
