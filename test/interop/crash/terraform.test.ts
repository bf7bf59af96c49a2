import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fixture, testEnv } from '../../fixtures/fixture.js';

/** Terraform is no tool of this repository's build: where it is missing the test is skipped, in CI too. */
function needsTerraform(): { readonly skip: string | false } {
  if (process.platform === 'win32') return { skip: 'The provider is started by a shell script.' };
  try {
    execFileSync('terraform', ['version'], { stdio: 'ignore', env: testEnv({ CHECKPOINT_DISABLE: '1' }) });
    return { skip: false };
  } catch {
    return { skip: 'Terraform is not installed.' };
  }
}

const MAIN = `
terraform {
  required_providers {
    broken = { source = "rxplug/broken" }
  }
}
data "broken_thing" "it" {}
`;

test('Terraform prints the stack of a provider that dies, and says that it crashed', needsTerraform(), async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-terraform-'));
  try {
    const providers = join(directory, 'providers');
    mkdirSync(providers);
    const script = join(providers, 'terraform-provider-broken');
    writeFileSync(script, `#!/bin/sh\nexec '${fixture('terraform-provider').join("' '")}'\n`);
    chmodSync(script, 0o755);
    const config = join(directory, 'cli.tfrc');
    writeFileSync(
      config,
      `provider_installation {\n  dev_overrides { "rxplug/broken" = "${providers}" }\n  direct {}\n}\n`,
    );
    writeFileSync(join(directory, 'main.tf'), MAIN);
    const env = testEnv({ TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: '1', TMPDIR: directory });
    const running = promisify(execFile)('terraform', ['validate', '-no-color'], {
      cwd: directory,
      env,
      timeout: 120_000,
    });
    const { stdout, stderr } = await running.then(
      () => assert.fail('it should fail'),
      (error: { readonly stdout: string; readonly stderr: string }) => error,
    );
    const said = stdout + stderr;
    assert.match(
      said,
      /Stack trace from the terraform-provider-broken plugin:\s+panic: RangeError: the schema is broken/,
    );
    assert.match(said, /at .*readSchema .*terraform-provider[^]*\[cause\]: Error: EIO/);
    assert.match(said, /The terraform-provider-broken plugin crashed!/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
