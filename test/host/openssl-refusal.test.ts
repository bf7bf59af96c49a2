import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, PluginError } from '../../src/index.js';
import { fixture } from '../fixtures/fixture.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const directory = mkdtempSync(join(tmpdir(), 'ssl-'));
after(() => rmSync(directory, { recursive: true }));

test("a plugin whose OpenSSL does not permit AutoMTLS' algorithm: the error says which, and what to do", async () => {
  const config = join(directory, 'openssl.cnf');
  const sections = ['nodejs_conf = init', '[init]', 'ssl_conf = ssl', '[ssl]', 'system_default = rules', '[rules]'];
  writeFileSync(config, [...sections, 'SignatureAlgorithms = RSA+SHA256', ''].join('\n'));
  const [node, ...args] = fixture('serves');
  const command = [node, `--openssl-config=${config}`, ...args] as const;
  const client = createClient({ command, handshake, plugins, autoMtls: true });
  await assert.rejects(client.start(), (error) => {
    assert.ok(PluginError.is(error) && error.code === 'ERR_TLS', String(error));
    const says =
      /this end's certificate has ECDSA with P-\d+\. Permit it on both ends \(in openssl\.cnf: SignatureAlgorithms/;
    return says.test(error.message);
  });
});
