import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ContainerModule } from 'inversify';
import { createClient, PluginError } from 'rxplug';
import { CERTIFICATE_AUTHORITY } from 'rxplug/di';
import { selfSignedAuthority } from 'rxplug/grpc';
import { directoryChecksum } from 'rxplug/transport';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { fixture } from '../fixtures/fixture.js';
import { bundlePlugin } from '../support/bundle-plugin.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();
const pluginFile = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const command: [string, ...string[]] = [process.execPath, pluginFile];

test('how do I encrypt the connection', async () => {
  // #region autoMtls
  await using client = createClient({ command, handshake, plugins, autoMtls: true });
  await client.start();
  // #endregion autoMtls
  await client.ping();
});

test('how do I get certificates like those of go-plugin', async () => {
  // #region curve
  const asGoPlugin = new ContainerModule(({ bind }) => {
    bind(CERTIFICATE_AUTHORITY).toConstantValue(selfSignedAuthority({ curve: 'P-521', ca: true }));
  });
  await using client = createClient({ command, handshake, plugins, autoMtls: true, modules: [asGoPlugin] });
  // #endregion curve
  await client.start();
  await client.ping();
});

test('how do I use certificates of my own', async () => {
  const [host, plugin] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  const [hostKey, hostCertificate, pluginCa] = [host.keyPem, host.certificatePem, plugin.certificatePem];
  const pluginTls = { key: plugin.keyPem, cert: plugin.certificatePem, ca: host.certificatePem };
  const tlsCommand = fixture('serves', JSON.stringify({ tls: pluginTls }));
  const cookie = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
  {
    const [command, handshake] = [tlsCommand, cookie];
    // #region tls
    const tls = { key: hostKey, cert: hostCertificate, ca: pluginCa, serverName: 'localhost' };
    await using client = createClient({ command, handshake, plugins, tls });
    // #endregion tls
    await client.start();
    await client.ping();
  }
});

const bundle = bundlePlugin();

test('how do I make sure that the plugin is the program that I know', async () => {
  const pluginFile = bundle.file;
  const expected = createHash('sha256').update(readFileSync(pluginFile)).digest('hex');
  const command: [string, ...string[]] = [process.execPath, pluginFile];
  // #region checksum
  const secureConfig = { checksum: expected, hash: 'sha256', file: pluginFile };
  await using client = createClient({ command, handshake, plugins, secureConfig });
  // #endregion checksum
  await client.start();
  const wrong = { ...secureConfig, checksum: expected.replaceAll(/[0-8]/g, '9') };
  const other = createClient({ command, handshake, plugins, secureConfig: wrong });
  await assert.rejects(other.start(), (error) => PluginError.is(error) && error.code === 'ERR_CHECKSUM_MISMATCH');
});

const withOwners = { skip: process.getuid === undefined ? 'this system has no owners and modes' : false };

test('how do I check a plugin of several files', withOwners, async () => {
  const { directory } = bundle;
  const command: [string, ...string[]] = [process.execPath, bundle.file];
  // #region directory
  // When the plugin is released:
  const checksum = await directoryChecksum(directory);
  // In the host:
  const secureConfig = { checksum, hash: 'sha256', directory };
  await using client = createClient({ command, handshake, plugins, secureConfig });
  // #endregion directory
  await client.start();
});
