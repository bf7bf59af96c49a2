import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createConnectionPair } from '../../src/testing/index.js';
import { selfSignedAuthority } from '../../src/transports/tls/certificate.js';
import { mutualTls } from '../../src/transports/tls/tls.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { JOINTS } from './joints.js';

const assertTempDirEmpty = ownTempDir();

for (const [title, joint] of JOINTS) {
  test(`over ${title}: both ends talk, and end one after the other`, async () => {
    await using pair = await createConnectionPair(joint);
    pair.client.write('question');
    assert.equal(String((await once(pair.server, 'data'))[0]), 'question');
    pair.server.end('answer');
    assert.equal(await text(pair.client), 'answer');
  });

  test(`over ${title}: disposing closes both ends, also while they talk, and twice`, async () => {
    const pair = await createConnectionPair(joint);
    pair.client.write(Buffer.alloc(1024 * 1024));
    await once(pair.server, 'data');
    await Promise.all([pair.dispose(), pair.dispose()]);
    assert.deepEqual([pair.client.closed, pair.server.closed], [true, true]);
    await pair.dispose();
    assertTempDirEmpty();
  });
}

test('a pair rejects when an end trusts another certificate, and nothing is left', async () => {
  const [client, server, stranger] = await Promise.all(Array.from({ length: 3 }, () => selfSignedAuthority().issue()));
  const tls = {
    client: mutualTls(client!, stranger!.certificatePem),
    server: mutualTls(server!, client!.certificatePem),
  };
  await assert.rejects(createConnectionPair({ transport: 'unix', tls }), { code: 'ERR_TLS' });
  assertTempDirEmpty();
});
