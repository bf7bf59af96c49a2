import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  createStore,
  readLock,
  releaseStatement,
  sigstoreSigner,
  sigstoreVerifier,
  writeIndex,
} from '../../packages/store/src/index.js';
import { writeArchive } from '../store/sources/plugin-archives.js';
import { sigstoreInstance } from '../store/support/sigstore.js';
import { fails, rig } from '../store/support/store-rig.js';

const ISSUER = 'https://token.actions.githubusercontent.com';
const subjectOf = (repository: string, version: string) =>
  `https://github.com/${repository}/.github/workflows/release.yml@refs/tags/v${version}`;

test('a store installs, updates and uses a plugin that is signed with sigstore', async () => {
  const at = rig(homedir());
  const sigstore = await sigstoreInstance();
  const publish = async (version: string, repository = 'acme/kv') => {
    await writeArchive(at.published, version, 'any');
    const { sumsFile } = (await writeIndex(at.published)).find((release) => release.version === version)!;
    const statement = releaseStatement({ name: 'acme/kv', version, sums: readFileSync(sumsFile) });
    const bundle = await sigstore.sign(statement, { issuer: ISSUER, subject: subjectOf(repository, version) });
    writeFileSync(`${sumsFile}.sigstore.json`, bundle);
    await writeIndex(at.published);
  };
  const trustedRootFile = join(at.place, 'trusted_root.json');
  writeFileSync(trustedRootFile, JSON.stringify(sigstore.trustedRoot));
  const { lock, directory } = at;

  // #region store
  const issuer = 'https://token.actions.githubusercontent.com';
  const workflow = 'https://github.com/acme/kv/.github/workflows/release.yml';
  const verifier = sigstoreVerifier({
    trustedRoot: readFileSync(trustedRootFile, 'utf8'),
    identity: {
      issuer,
      subject: /https:\/\/github\.com\/acme\/kv\/\.github\/workflows\/release\.yml@refs\/tags\/v[\d.]+/,
    },
  });
  const trust = [sigstoreSigner({ issuer, subject: `${workflow}@refs/tags/v1.0.0` })];
  const store = createStore({ lock, directory, verifier, trust });
  // #endregion store
  const signerOf = async () => (await readLock(lock)).plugins['kv']?.signer;

  await publish('1.4.1');
  await store.add(at.address);
  assert.equal(await signerOf(), sigstoreSigner({ issuer: ISSUER, subject: subjectOf('acme/kv', '1.4.1') }));
  assert.equal((await store.use('kv')).manifest?.version, '1.4.1');

  await publish('1.4.2');
  await store.update();
  assert.equal(await signerOf(), sigstoreSigner({ issuer: ISSUER, subject: subjectOf('acme/kv', '1.4.2') }));
  assert.equal((await store.use('kv')).manifest?.version, '1.4.2');

  const mirror = join(at.place, 'mirror');
  await store.mirror(mirror);
  const offline = { lock, directory: join(at.place, 'offline'), mirror: `dir://${mirror}` };
  await createStore({ ...offline, verifier, trust }).install();
  await assert.rejects(createStore({ ...offline, trust }).use('kv'), fails('ERR_SIGNATURE'));

  await publish('1.4.3', 'impostor/kv');
  await assert.rejects(store.update(), fails('ERR_SIGNATURE', /is by "https:\/\/github\.com\/impostor\/kv/));
  assert.equal((await store.use('kv')).manifest?.version, '1.4.2');
});
