import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';

/** Terraform is no tool of this repository's build, and no registry has it: where it is missing a test is skipped, in CI too. */
export function needsTerraform(): { readonly skip: string | false } {
  if (process.platform === 'win32') return { skip: 'The provider is started by a shell script.' };
  try {
    execFileSync('terraform', ['version'], { stdio: 'ignore', env: testEnv({ CHECKPOINT_DISABLE: '1' }) });
    return { skip: false };
  } catch {
    return { skip: 'Terraform is not installed.' };
  }
}

/** What a command of Terraform has printed, on both streams, and its exit code. */
export interface TerraformResult {
  readonly code: number;
  readonly said: string;
}

/** Runs Terraform in a folder. */
export type Terraform = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<TerraformResult>;

/** Terraform in a folder with the configuration, with a provider that is in a folder: `source` is its address in the configuration. */
export async function terraformIn(folder: string, source: string, providers: string): Promise<Terraform> {
  const config = join(folder, 'cli.tfrc');
  await writeFile(
    config,
    `provider_installation {\n  dev_overrides { "${source}" = "${providers}" }\n  direct {}\n}\n`,
  );
  return async (args, more = {}) => {
    const env = testEnv({ TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: '1', TMPDIR: folder, ...more });
    const running = promisify(execFile)('terraform', [...args, '-no-color'], { cwd: folder, env, timeout: 120_000 });
    return running.then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => ({
        code: error.code,
        said: error.stdout + error.stderr,
      }),
    );
  };
}
