import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { goProgram } from '../support/go-program.js';
import { startCli } from './run-cli.js';

const run = promisify(execFile);

/** Terraform is no tool of this repository's build: where it is missing the test is skipped, in CI too. */
function needsTerraform(): { readonly skip: string | false } {
  try {
    execFileSync('terraform', ['version'], { stdio: 'ignore', env: { ...process.env, CHECKPOINT_DISABLE: '1' } });
    return { skip: false };
  } catch {
    return { skip: 'Terraform is not installed.' };
  }
}

const MAIN = `
terraform {
  required_providers {
    time = { source = "hashicorp/time" }
  }
}
resource "time_static" "now" {}
output "year" { value = time_static.now.year }
`;

test('Terraform applies with a provider that rxplug runs, and leaves it running', needsTerraform(), async (t) => {
  const provider = await goProgram('github.com/hashicorp/terraform-provider-time', 'v0.14.2');
  if (typeof provider !== 'string') return t.skip(provider.missing);
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-terraform-'));
  try {
    mkdirSync(join(directory, 'project'));
    writeFileSync(join(directory, 'project/main.tf'), MAIN);
    writeFileSync(join(directory, 'cli.tfrc'), '');
    await using command = startCli(['run', '--terraform', 'registry.terraform.io/hashicorp/time', provider]);
    const line = await command.line('stdout', /^TF_REATTACH_PROVIDERS='.*'$/);
    const shell = async (commands: string): Promise<string> => {
      const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: join(directory, 'cli.tfrc') };
      const script = `${line}\nexport TF_REATTACH_PROVIDERS\n${commands}`;
      return (await run('sh', ['-ec', script], { cwd: join(directory, 'project'), env, timeout: 120_000 })).stdout;
    };
    const applied = await shell('terraform init -no-color >&2; terraform apply -auto-approve -no-color');
    assert.match(applied, /^Apply complete! Resources: 1 added/m);
    assert.match(applied, /^year = 20\d\d$/m);
    assert.match(await shell('terraform plan -no-color'), /No changes/);
    command.kill('SIGINT');
    const { signal, stderr } = await command.ended;
    assert.equal(signal, 'SIGINT');
    assert.match(stderr, /the plugin has exited reason=stopped code=0/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
