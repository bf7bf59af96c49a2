import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { createClient, implement, parseTerraformReattach, serveTest, terraformReattach } from 'rxplug';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { plugins as kvPlugins } from '../../examples/grpc-kv/contract.js';
import { within } from '../support/defer.js';
import { ownTempDir } from '../support/own-temp-dir.js';

const assertTempDirEmpty = ownTempDir();
const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });

test('how do I serve several plugins from one program', async () => {
  const file = fileURLToPath(new URL('../../examples/plugins/mux.js', import.meta.url));
  await using first = createClient({ command: [process.execPath, file, 'greeter'], handshake, plugins });
  await first.start();
  const { greeting } = await firstValueFrom((await first.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await using second = createClient({ command: [process.execPath, file, 'store'], handshake, plugins: kvPlugins });
  await second.start();
  const kv = await second.dispense('kv');
  const { revision } = await firstValueFrom(kv.put({ key: 'a', value: Buffer.from('1') }));
  assert.equal(revision, 1n);
  await Promise.all([first.stop(), second.stop()]);
  assertTempDirEmpty();
});

test('how do I debug it within a debugger, and under Terraform', async () => {
  const output: string[] = [];
  const interrupt = new AbortController();
  // #region debug
  const serving = await serveTest({ handshake, plugins: { greeter } }, { signal: interrupt.signal });
  const providers = { 'registry.terraform.io/acme/greeter': serving.reattach };
  output.push(`TF_REATTACH_PROVIDERS='${terraformReattach(providers)}'`);
  // #endregion debug
  const [, json = ''] = /^TF_REATTACH_PROVIDERS='(.*)'$/.exec(output.join()) ?? [];
  // #region terraform
  const reattach = parseTerraformReattach(json, 'acme/greeter');
  const host = createClient({ reattach, handshake, plugins });
  // #endregion terraform
  await host.start();
  const { greeting } = await firstValueFrom((await host.dispense('greeter')).greet({ name: 'Ada' }));
  assert.equal(greeting, 'Hello Ada!');
  await host.stop();
  const { Test, Pid } = (JSON.parse(json) as Record<string, { Test: boolean; Pid: number }>)[
    'registry.terraform.io/acme/greeter'
  ]!;
  assert.deepEqual([Test, Pid], [true, process.pid]);
  interrupt.abort();
  await within(30_000, 'the end', serving.ended);
  assertTempDirEmpty();
});
