/** A provider of Terraform, as its makers publish it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { firstValueFrom } from 'rxjs';
import { createClient, grpcPlugin } from 'rxplug';
import { PROFILES } from '../../../src/cli/target/profiles.js';
import { REPOSITORY } from '../../conformance/build-go.js';
import { bufCurl } from '../../support/buf-curl.js';
import { goInstall } from '../../support/go-install.js';
import { runCli } from '../run-cli.js';
import { buildProtos } from '../schema/built-protos.js';

const provider = await goInstall('github.com/hashicorp/terraform-provider-time', 'v0.14.2');
const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-terraform-'));
after(() => rmSync(directory, { recursive: true }));

function withProvider(name: string, body: (file: string, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    if (provider === undefined)
      return t.skip('terraform-provider-time could not be installed: no Go, or no module proxy.');
    await body(provider, t);
  });
}

withProvider('inspect reads what go version -m reads of the file', async (file) => {
  const { code, stdout, stderr } = await runCli(['inspect', file, '--json']);
  assert.equal(code, 0, stderr);
  const { goVersion, module, builtWith, profile, services, handshake } = JSON.parse(stdout);
  const lines = execFileSync('go', ['version', '-m', file], { encoding: 'utf8' }).split('\n');
  const dependency = (path: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`\tdep\t${path}\t`))
      ?.split('\t')[3]
      ?.slice(1);
  assert.ok(lines[0]!.includes(goVersion));
  assert.equal(module, 'github.com/hashicorp/terraform-provider-time v0.14.2');
  assert.deepEqual(builtWith, {
    'go-plugin': dependency('github.com/hashicorp/go-plugin'),
    grpc: dependency('google.golang.org/grpc'),
    yamux: dependency('github.com/hashicorp/yamux'),
    hclog: dependency('github.com/hashicorp/go-hclog'),
  });
  assert.deepEqual([profile, handshake.autoMtls], ['terraform', true]);
  assert.ok(services.some(({ name }: { name: string }) => name === 'tfplugin5.Provider'));
});

withProvider('the .proto files that it describes compile to the descriptors that it describes', async (file) => {
  const set = join(directory, 'time.binpb');
  const protos = join(directory, 'protos');
  const { code, stderr } = await runCli(['inspect', file, '--save-descriptors', set, '--save-protos', protos]);
  assert.equal(code, 0, stderr);
  const described = fromBinary(FileDescriptorSetSchema, readFileSync(set)).file.find(
    ({ name }) => name === 'tfplugin5.proto',
  );
  const compiled = buildProtos(protos).file.find(({ name }) => name === 'tfplugin5.proto');
  assert.ok(described!.messageType.length > 20);
  assert.deepEqual(compiled, described);
});

withProvider('call answers as buf curl does', async (file, t) => {
  const { cookieKey, cookieValue } = PROFILES.find(({ name }) => name === 'terraform')!;
  const client = createClient({
    command: [file],
    handshake: { protocolVersion: 5, magicCookieKey: cookieKey, magicCookieValue: cookieValue },
    plugins: { provider: grpcPlugin({ client: () => 0, serve: () => {} }) },
    allowedProtocols: ['grpc'],
    autoMtls: false,
  });
  t.after(() => client.stop());
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  const curled = await bufCurl(address.address, 'tfplugin5.Provider/GetMetadata');
  const { stdout, stderr } = await runCli(['call', '--tls', 'off', file, 'Provider/GetMetadata', '{}']);
  const sorted = (text: string) =>
    JSON.parse(text)
      .resources.map(({ typeName }: { typeName: string }) => typeName)
      .sort();
  assert.deepEqual(sorted(stdout), sorted(curled.stdout), stderr);
  assert.ok(sorted(stdout).includes('time_sleep'));
});

withProvider('its schema is an answer with fields of every kind', async (file) => {
  const { stdout, stderr } = await runCli(['call', file, 'GetSchema']);
  const { resourceSchemas } = JSON.parse(stdout || '{}');
  assert.deepEqual(
    Object.keys(resourceSchemas).sort(),
    ['time_offset', 'time_rotating', 'time_sleep', 'time_static'],
    stderr,
  );
});

/** What differs from run to run and from machine to machine: numbers, places, certificates. */
function comparable(text: string): string {
  return text
    .replaceAll(/(unix\|)[^|]+/g, '$1SOCKET')
    .replaceAll(/MII\w*/g, 'CERTIFICATE')
    .replaceAll(/\d+/g, '0');
}

withProvider('the README shows what inspect prints', async (file) => {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const [, shown] = /\$ npx rxplug inspect \.\/terraform-provider-time\n([^]*?)```/.exec(readme) ?? [];
  const { stdout, stderr } = await runCli(['inspect', './terraform-provider-time'], { cwd: dirname(file) });
  assert.equal(comparable(stdout), comparable(shown ?? ''), stderr);
});
