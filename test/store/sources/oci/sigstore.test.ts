/** A bundle of sigstore goes through a registry as minisign's signature does. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStore } from '../../../../packages/store/src/create-store.js';
import { releaseStatement } from '../../../../packages/store/src/signing/release-statement.js';
import { sigstoreSigner } from '../../../../packages/store/src/signing/sigstore-identity.js';
import { sigstoreVerifier } from '../../../../packages/store/src/signing/sigstore-verifier.js';
import { pushRelease } from '../../../../packages/store/src/sources/oci/push-release.js';
import { directorySource } from '../../../../packages/store/src/sources/static/static-source.js';
import { writeIndex } from '../../../../packages/store/src/sources/static/write-index.js';
import { sigstoreInstance } from '../../support/sigstore.js';
import { fails } from '../../support/store-rig.js';
import { temporaryFolder, writeArchive } from '../plugin-archives.js';
import { needs, startDockerRegistry } from './registries.js';

test('a version that is signed by sigstore is pushed, added and used', needs('dockerRegistry'), async (t) => {
  const identity = { issuer: 'https://issuer.example', subject: 'https://ci.example/acme/kv' };
  const sigstore = await sigstoreInstance();
  const [{ host }, folder, place] = [await startDockerRegistry(t), temporaryFolder(t), temporaryFolder(t)];
  await writeArchive(folder, '1.0.0', 'any');
  await writeIndex(folder);
  const list = join(folder, 'kv_1.0.0_SHA256SUMS');
  const statement = releaseStatement({ name: 'acme/kv', version: '1.0.0', sums: readFileSync(list) });
  writeFileSync(`${list}.sigstore.json`, await sigstore.sign(statement, identity));
  await writeIndex(folder);
  const address = `oci://${host}/acme/kv`;
  await pushRelease(directorySource(`dir:${folder}`), '1.0.0', address);

  const storeFor = (subject: string) => {
    const who = { ...identity, subject };
    const verifier = sigstoreVerifier({ trustedRoot: sigstore.trustedRoot, identity: who });
    const files = { lock: join(place, 'rxplug.lock'), directory: join(place, 'store') };
    return createStore({ ...files, verifier, trust: [sigstoreSigner(who)] });
  };
  await assert.rejects(storeFor('https://ci.example/other').add(address), fails('ERR_SIGNATURE'));
  const { signer } = await storeFor(identity.subject).add(address);
  assert.equal(signer, sigstoreSigner(identity));
  assert.equal((await storeFor(identity.subject).use('kv')).manifest?.version, '1.0.0');
});
