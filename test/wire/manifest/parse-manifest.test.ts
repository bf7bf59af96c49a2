import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { OptionsError } from '../../../src/errors.js';
import { parsePackageManifest, parsePluginManifest } from '../../../src/manifest.js';
import { MAX_MANIFEST_CHARS } from '../../../src/wire/manifest/parse-manifest.js';
import { BAD, FULL, GOOD } from './examples.js';

const refusal = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof OptionsError, String(error));
  assert.match(error.message, message);
  return true;
};

for (const [name, given] of Object.entries(GOOD)) {
  test(`is right: ${name}`, () => {
    assert.deepEqual(parsePluginManifest(given), given);
    assert.deepEqual(parsePluginManifest(JSON.stringify(given)), given);
  });
}

for (const [name, [given, message]] of Object.entries(BAD)) {
  test(`is refused, and told what it has: ${name}`, () => {
    assert.throws(() => parsePluginManifest(given), refusal(message));
    assert.throws(() => parsePluginManifest(JSON.stringify(given)), refusal(message));
  });
}

test('what is returned is a frozen copy, also in its parts', () => {
  const given = structuredClone(FULL) as { hosts: Record<string, string> };
  const manifest = parsePluginManifest(given);
  given.hosts['acme'] = '*';
  assert.equal(manifest.hosts?.['acme'], '>=3.2.0 <4');
  const parts = [manifest, manifest.run, manifest.run?.['any'], manifest.needs, manifest.handshake?.protocolVersions];
  assert.deepEqual(parts.map(Object.isFrozen), [true, true, true, true, true]);
});

test('a manifest of another realm is read', () => {
  const foreign: unknown = runInNewContext(`(${JSON.stringify(FULL)})`);
  assert.deepEqual(parsePluginManifest(foreign), FULL);
});

test('a text that is no JSON, or too long, is refused; a byte order mark is not', () => {
  assert.throws(() => parsePluginManifest('{'), refusal(/^The plugin manifest is no JSON: /));
  assert.throws(
    () => parsePluginManifest(' '.repeat(MAX_MANIFEST_CHARS + 1)),
    refusal(/^Expected a plugin manifest of at most 65536 characters, got 65537\.$/),
  );
  assert.deepEqual(parsePluginManifest(`\uFEFF${JSON.stringify(FULL)}`), FULL);
});

test('the schema that editors look at is no field', () => {
  assert.deepEqual(parsePluginManifest({ $schema: './plugin.schema.json', ...FULL }), FULL);
});

test("names of an object's own things are refused, and change no prototype", () => {
  const named = (name: string) => `{"manifestVersion":1,"name":"kv","version":"1.0.0","hosts":{"${name}":"*"}}`;
  for (const name of ['__proto__', 'constructor', 'toString'])
    assert.throws(() => parsePluginManifest(named(name)), refusal(/^Expected the names in `hosts`/));
  const polluting = '{"manifestVersion":1,"name":"kv","version":"1.0.0","__proto__":{"needs":{"network":true}}}';
  assert.throws(() => parsePluginManifest(polluting), refusal(/^There is no field "__proto__"/));
});

test('a field is looked for in the manifest itself, not in its prototype', () => {
  const inherited: unknown = Object.create({ manifestVersion: 1, name: 'kv', version: '1.0.0' });
  assert.throws(() => parsePluginManifest(inherited), refusal(/^Expected /));
});

test('an unknown field that is long or has control characters is told in short, and visibly', () => {
  const field = `\u001b[2J${'x'.repeat(10_000)}`;
  assert.throws(
    () => parsePluginManifest({ ...FULL, [field]: 1 }),
    (error: Error) => error.message.length < 400 && error.message.includes('\\u001b'),
  );
});

test('package.json: `rxplug` has the manifest, and the package what it does not say', () => {
  const packageJson = {
    name: '@acme/kv',
    version: '1.4.2',
    license: 'MIT',
    author: 'Ada',
    rxplug: { manifestVersion: 1, license: 'MPL-2.0', hosts: { acme: '^3' }, profile: { name: 'acme' } },
  };
  assert.deepEqual(parsePackageManifest(packageJson), {
    manifestVersion: 1,
    name: '@acme/kv',
    version: '1.4.2',
    license: 'MPL-2.0',
    hosts: { acme: '^3' },
  });
});

test('package.json: one that is no plugin has no manifest', () => {
  for (const given of [{}, { rxplug: {} }, { rxplug: { profile: {} } }, { rxplug: 'x' }, null, 'text', []])
    assert.equal(parsePackageManifest(given), undefined);
});

test('package.json: a manifest that is wrong is refused', () => {
  const packageJson = { name: 'kv', version: 'next', rxplug: { manifestVersion: 1 } };
  assert.throws(() => parsePackageManifest(packageJson), refusal(/^Expected `version` .*got "next"\.$/));
  const later = { name: 'kv', version: '1.0.0', rxplug: { manifestVersion: 7 } };
  assert.throws(() => parsePackageManifest(later), refusal(/has manifestVersion 7/));
});
