import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixture } from '../../fixtures/fixture.js';
import { needsTerraform, terraformIn } from '../../support/terraform.js';

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
    writeFileSync(join(directory, 'main.tf'), MAIN);
    const terraform = await terraformIn(directory, 'rxplug/broken', providers);
    const { code, said } = await terraform(['validate']);
    assert.equal(code, 1, said);
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
