import type { PluginManifest } from '../../../src/wire/manifest/manifest.js';

/** The one of the documentation. */
export const FULL = {
  manifestVersion: 1,
  name: 'acme/kv-redis',
  version: '1.4.2',
  description: 'Keeps keys in Redis.',
  license: 'MPL-2.0',
  homepage: 'https://example.com/kv',
  handshake: { cookieKey: 'ACME_PLUGIN', cookieValue: 'hello', protocolVersions: [2, 3] },
  protocols: ['grpc'],
  plugins: { kv: { services: ['kv.v1.KV'] } },
  hosts: { acme: '>=3.2.0 <4' },
  run: { 'linux-x64': ['bin/kv-redis'], 'linux-x64-musl': ['bin/kv-musl', '-v'], any: ['node', 'plugin.cjs'] },
  needs: { node: '>=22', network: true, read: ['/etc/ssl'], write: ['$DATA'], env: ['LANG'], memoryBytes: 268_435_456 },
} as const satisfies PluginManifest;

const least = { manifestVersion: 1, name: 'kv', version: '0.0.1' };
const handshake = { cookieKey: 'KV' };

/** Manifests that are right. */
export const GOOD: Readonly<Record<string, object>> = {
  'the one of the documentation': FULL,
  'the least': least,
  'a name with a scope': { ...least, name: '@acme/kv' },
  'a version with everything': { ...least, version: '1.0.0-rc.1+build.5' },
  'nothing in its parts': { ...least, plugins: { kv: {} }, hosts: {}, run: {}, needs: {}, handshake },
  'an argument twice': { ...least, run: { any: ['node', '-r', 'a', '-r', 'a', '', '../x'] } },
  'a file with dots in its name': { ...least, run: { any: ['bin/..kv..'] } },
};

/** Manifests that are wrong, with a part of the message. */
export const BAD: Readonly<Record<string, readonly [given: unknown, message: RegExp]>> = {
  'no object': [[], /^Expected the plugin manifest to be an object, got an array\.$/],
  nothing: [null, /got null/],
  'an unknown field': [
    { ...least, protocol: 'grpc' },
    /^There is no field "protocol" of the plugin manifest\. Did you/,
  ],
  'an unknown field inside': [
    { ...least, handshake: { ...handshake, key: 'x' } },
    /^There is no field "key" of `handshake` of the plugin manifest\. It has `cookieKey`, /,
  ],
  'a later format': [
    { manifestVersion: 2, name: 'kv', version: '1.0.0', more: 1 },
    /^The plugin manifest has manifestVersion 2, and this version of rxplug reads 1\. Update rxplug\.$/,
  ],
  'no format': [{ name: 'kv', version: '1.0.0' }, /^Expected `manifestVersion` .* to be 1, got undefined\.$/],
  'a format in words': [{ ...least, manifestVersion: '1' }, /^Expected `manifestVersion` .* to be 1, got "1"\.$/],
  'no name': [{ manifestVersion: 1, version: '1.0.0' }, /^Expected `name` of the plugin manifest .*got undefined/],
  'upper case': [{ ...least, name: 'Acme/kv' }, /^Expected `name` .*got "Acme\/kv"\.$/],
  'a name that leaves its folder': [{ ...least, name: 'acme/../kv' }, /^Expected `name`/],
  'a name with a line break': [{ ...least, name: 'kv\n' }, /^Expected `name` .*got "kv\\n"/],
  'two numbers': [{ ...least, version: '1.4' }, /^Expected `version` .*to be a semantic version.*got "1\.4"\.$/],
  'a leading zero': [{ ...least, version: '1.04.2' }, /^Expected `version`/],
  'a v': [{ ...least, version: 'v1.4.2' }, /^Expected `version`/],
  'no cookie': [{ ...least, handshake: {} }, /^Expected `handshake\.cookieKey` .*got undefined\.$/],
  'an empty cookie': [{ ...least, handshake: { cookieKey: '' } }, /^Expected `handshake\.cookieKey`/],
  'no versions': [
    { ...least, handshake: { ...handshake, protocolVersions: [] } },
    /protocolVersions` .*1 to 256 entries/,
  ],
  'a version that is no number': [
    { ...least, handshake: { ...handshake, protocolVersions: [1, '2'] } },
    /^Expected `handshake\.protocolVersions\[1\]` .*an integer from 0 to 65535, got "2"\.$/,
  ],
  'a version twice': [
    { ...least, handshake: { ...handshake, protocolVersions: [1, 2, 1] } },
    /^Expected `handshake\.protocolVersions\[2\]` .*to be named once, got 1 \(number\)\.$/,
  ],
  'another protocol': [
    { ...least, protocols: ['http'] },
    /^Expected `protocols\[0\]` .*`grpc` or `netrpc`, got "http"/,
  ],
  'plugins as a list': [{ ...least, plugins: ['kv'] }, /^Expected `plugins` .*to be an object, got an array/],
  'a plugin with a blank': [{ ...least, plugins: { 'k v': {} } }, /^Expected the names in `plugins` .*got "k v"\.$/],
  'a service that is none': [
    { ...least, plugins: { kv: { services: ['kv/KV'] } } },
    /^Expected `plugins\.kv\.services\[0\]` .*got "kv\/KV"\.$/,
  ],
  'a host without a range': [{ ...least, hosts: { acme: '' } }, /^Expected `hosts\.acme` .*a range/],
  'a range with a control character': [{ ...least, hosts: { acme: '>1\u001b[2J' } }, /^Expected `hosts\.acme`/],
  "Go's name of a platform": [
    { ...least, run: { 'linux-amd64': ['kv'] } },
    /^Expected the names in `run` .*linux-x64`/,
  ],
  'no program': [{ ...least, run: { any: [] } }, /^Expected `run\.any` .*got an array/],
  'a program as a text': [{ ...least, run: { any: 'kv' } }, /^Expected `run\.any` .*got "kv"/],
  'a program at the root': [{ ...least, run: { any: ['/bin/sh'] } }, /^Expected `run\.any\[0\]` .*got "\/bin\/sh"\.$/],
  'a program above': [{ ...least, run: { any: ['../kv'] } }, /^Expected `run\.any\[0\]`/],
  'a program above, later': [{ ...least, run: { any: ['bin/../../kv'] } }, /^Expected `run\.any\[0\]`/],
  'a program above, at the end': [{ ...least, run: { any: ['bin/..'] } }, /^Expected `run\.any\[0\]`/],
  'a program of a drive': [{ ...least, run: { any: ['c:kv'] } }, /^Expected `run\.any\[0\]`/],
  'a program with a backslash': [{ ...least, run: { any: ['bin\\..\\kv'] } }, /^Expected `run\.any\[0\]`/],
  'an argument with NUL': [{ ...least, run: { any: ['kv', 'a\0b'] } }, /^Expected `run\.any\[1\]`/],
  'a need in words': [{ ...least, needs: { network: 'yes' } }, /^Expected `needs\.network` .*true or false, got "yes"/],
  'no memory': [{ ...least, needs: { memoryBytes: 0 } }, /^Expected `needs\.memoryBytes`/],
  'half a byte': [{ ...least, needs: { memoryBytes: 1.5 } }, /^Expected `needs\.memoryBytes` .*got 1\.5 \(number\)/],
  'a variable with its value': [{ ...least, needs: { env: ['LANG=C'] } }, /^Expected `needs\.env\[0\]`/],
  'a long text': [{ ...least, description: 'a'.repeat(4097) }, /^Expected `description` .*at most 4096 characters/],
  'too many hosts': [
    { ...least, hosts: Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`h${index}`, '*'])) },
    /^Expected `hosts` .*at most 256 entries/,
  ],
};
