import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillOptions, optionTable } from './options.js';
import { read } from './repository.js';

const page = read('docs/options.md');

/** Exported types that have a name like options but are none, or are composed of others. */
const NO_TABLE = [
  // A signal, as the docs of `start` and `ping` say.
  'WaitOptions',
  // What an interceptor sees of CallOptions.
  'ResolvedCallOptions',
  // What a protocol of one's own is asked.
  'PingOptions',
  'ClientOptions',
  'LazyServeOptions',
  'GrpcErrorOptions',
  'PluginErrorOptions',
  'ProtocolErrorOptions',
  'DialOptions',
  'BrokerDialOptions',
  'PartialReattachConfig',
  'ReattachConfig',
];

test('docs/options.md has the descriptions of the source', () => {
  assert.equal(fillOptions(page), page, 'after a change of options: npm run docs');
});

test('docs/options.md has every kind of options that the package exports', () => {
  const entries = [
    'index',
    'grpc',
    'net-rpc',
    'di/index',
    'transport',
    'container',
    'sandbox',
    'relay',
    'bundle/index',
  ];
  const exported = entries.flatMap((entry) => [
    ...read(`src/${entry}.ts`).matchAll(/\b\w+(?:Options|Config|Limits|Mount)\b/g),
  ]);
  const shown = new Set([...page.matchAll(/#(\w+)(?= )/g)].map(([, name]) => name));
  const missing = exported.map(([name]) => name).filter((name) => !shown.has(name) && !NO_TABLE.includes(name));
  assert.ok(shown.size > 30);
  assert.deepEqual(missing, []);
});

test('an option without a description, and an interface that is not there, are found', () => {
  assert.throws(() => optionTable(['src/host/options.ts#NoOptions']), /no interface NoOptions/);
  assert.throws(() => optionTable(['src/host/options.ts#ResolvedClientOptions']), /launch has no doc comment/);
  const table = optionTable(['src/host/options.ts#UnixSocketOptions']);
  assert.match(table, /^\| `tempDir` \| `string` \| os.tmpdir\(\) \| Directory in which each plugin gets .+\. \|$/m);
});
