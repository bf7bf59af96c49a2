import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ContainerModule } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition, type GreetRequest } from '../../../examples/gen/greeter.js';
import { CERTIFICATE_AUTHORITY } from '../../../src/di/index.js';
import { type SelfSignedOptions, selfSignedAuthority } from '../../../src/grpc.js';
import { createClient, grpcPlugin, PluginError } from '../../../src/index.js';
import { REPOSITORY } from '../../conformance/build-go.js';
import { within } from '../../support/defer.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const greeter = grpcPlugin(GreeterDefinition);
const posix = { skip: process.platform === 'win32' ? 'unix sockets' : needsPython() };

function needsPython(): string | false {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'Python with pip is not installed: grpcio cannot be tested.';
  }
}

describe('a plugin on grpcio (BoringSSL) with AutoMTLS', posix, () => {
  const directory = mkdtempSync(join(tmpdir(), 'grpcio'));
  const modules = join(directory, 'modules');
  let installed = false;
  before(async () => {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--target', modules];
    installed = await promisify(execFile)('python3', [...pip, 'grpcio>=1.76,<2'], { timeout: 280_000 }).then(
      () => true,
      (error: Error) => {
        if (process.env['CI'] === 'true') throw error;
        return false;
      },
    );
  });
  after(() => rmSync(directory, { recursive: true }));

  /** A client, with certificates of this form, of a plugin with our default one. */
  const clientOf = async (form: SelfSignedOptions) => {
    const { certificatePem, keyPem } = await selfSignedAuthority().issue();
    writeFileSync(join(directory, 'cert.pem'), certificatePem);
    writeFileSync(join(directory, 'key.pem'), keyPem);
    const authority = new ContainerModule(({ bind }) => {
      bind(CERTIFICATE_AUTHORITY).toConstantValue(selfSignedAuthority(form));
    });
    return createClient({
      command: ['python3', join(REPOSITORY, 'test/interop/grpcio/plugin.py'), directory],
      env: { PYTHONPATH: modules },
      handshake,
      plugins: { greeter },
      autoMtls: true,
      modules: [authority],
    });
  };

  test('takes our default certificate, as client too, and presents one like it', async (t) => {
    if (!installed) return t.skip('pip install failed: no registry');
    await using client = await clientOf({});
    await client.start();
    await client.ping();
    const { greet } = await client.dispense('greeter');
    assert.deepEqual(await firstValueFrom(greet({ name: 'Ada' })), { greeting: 'Ada' });
    // Brokered: the plugin is the client.
    const ours = { greet: ({ name }: GreetRequest) => ({ greeting: `the host, ${name}` }) };
    const asked$ = client.broker.lend(GreeterDefinition, ours, (id) => greet({ name: String(id) }));
    assert.match((await within(60_000, 'a call back', firstValueFrom(asked$))).greeting, /^the host, \d+$/);
    await client.stop();
    assert.deepEqual(await firstValueFrom(client.exit$), { code: 0, signal: null });
  });

  test("refuses go-plugin's form, whose curve BoringSSL does not know: the error names the one that suits all", async (t) => {
    if (!installed) return t.skip('pip install failed: no registry');
    await using client = await clientOf({ curve: 'P-521', ca: true });
    await assert.rejects(client.start(), (error) => {
      assert.ok(PluginError.is(error) && error.code === 'ERR_TLS', String(error));
      assert.match(error.message, /ECDSA with P-521/);
      assert.match(error.message, /`selfSignedAuthority\(\{ curve: 'P-256', ca: false \}\)`/);
      return true;
    });
  });
});
