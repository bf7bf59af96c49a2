import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY, firstValueFrom } from 'rxjs';
import { KVDefinition } from '../../../examples/gen/kv.js';
import {
  createClient,
  dualPlugin,
  grpcPlugin,
  implement,
  type PluginClient,
  type ProtocolName,
} from '../../../src/index.js';
import { createPluginPair } from '../../../src/testing/index.js';
import { type Command, goPlugin, needsGo, startGoHost } from '../../conformance/peers.js';
import { fixture } from '../../fixtures/fixture.js';
import { ownTempDir } from '../../support/own-temp-dir.js';
import { grpcKv, handshake, kv, netRpcKv, unified } from './kv.js';

const assertTempDirEmpty = ownTempDir();
const PROTOCOLS = ['grpc', 'netrpc'] as const;
const bytes = (text: string) => new TextEncoder().encode(text);

type Host = PluginClient<{ readonly kv: typeof kv }>;

/** Puts and gets, in the words of whichever protocol it is. */
async function use(host: Host): Promise<readonly [ProtocolName, bigint | number, string]> {
  const spoken = await host.dispense('kv');
  assert.equal(spoken.protocol, host.protocol);
  if (spoken.protocol === 'grpc') {
    const { revision } = await firstValueFrom(spoken.client.put({ key: 'a', value: bytes('1') }));
    return [
      spoken.protocol,
      revision,
      String(Buffer.from((await firstValueFrom(spoken.client.get({ key: 'a' }))).value)),
    ];
  }
  const revision = await firstValueFrom(spoken.client.put({ Key: 'a', Value: bytes('1') }));
  return [spoken.protocol, revision, String(Buffer.from((await firstValueFrom(spoken.client.get('a'))).Value))];
}

const told = (form: string) => async (protocol: ProtocolName) => fixture('serves-dual', form, protocol);
const plugins: readonly (readonly [
  string,
  { readonly skip: string | false },
  (p: ProtocolName) => Promise<Command>,
])[] = [
  ['our plugin, of two classes', { skip: false }, told('classes')],
  ['our plugin, of one contract', { skip: false }, told('objects')],
  ['a Go plugin', needsGo(), (protocol) => goPlugin({ protocol })],
];

for (const [name, options, commandFor] of plugins) {
  describe(`a contract of both protocols and ${name}`, options, () => {
    for (const protocol of PROTOCOLS) {
      test(`the host takes what the plugin offers: ${protocol}`, async () => {
        await using client = createClient({ command: await commandFor(protocol), handshake, plugins: { kv } });
        await client.start();
        const revision = protocol === 'grpc' ? 1n : 1;
        assert.deepEqual(await use(client), [protocol, revision, '1']);
      });

      test(`one interface of both clients, over ${protocol}`, async () => {
        const command = await commandFor(protocol);
        await using client = createClient({ command, handshake, plugins: { kv: unified }, autoMtls: true });
        await client.start();
        const store = await client.dispense('kv');
        assert.equal(await store.put('k', 'v'), 1);
        assert.equal(await store.get('k'), 'v');
        await assert.rejects(store.get('none'), /no such key: none/);
        assert.equal(client.protocol, protocol);
      });

      test(`${protocol} is refused where the other one alone is allowed`, async () => {
        const allowedProtocols = PROTOCOLS.filter((allowed) => allowed !== protocol);
        const client = createClient({
          command: await commandFor(protocol),
          handshake,
          plugins: { kv },
          allowedProtocols,
        });
        await assert.rejects(client.start(), { code: 'ERR_PROTOCOL_NOT_ALLOWED' });
        assertTempDirEmpty();
      });

      test(`a contract for the other protocol alone is told of by its code (${protocol})`, async () => {
        const only = protocol === 'grpc' ? netRpcKv : grpcKv;
        const command = await commandFor(protocol);
        const client = createClient({ command, handshake, plugins: { kv: only }, allowedProtocols: PROTOCOLS });
        await client.start();
        await assert.rejects(client.dispense('kv'), {
          code: 'ERR_PLUGIN_PROTOCOL',
          message: new RegExp(`speaks ${protocol}, and the contract of kv is for .* alone`),
        });
        await client.ping();
        await client.stop();
        assertTempDirEmpty();
      });
    }
  });
}

describe('what a plugin of both protocols serves', () => {
  test('gRPC, when nothing is said', async () => {
    for (const form of ['classes', 'objects']) {
      await using client = createClient({ command: fixture('serves-dual', form), handshake, plugins: { kv } });
      await client.start();
      assert.equal(client.protocol, 'grpc');
    }
  });

  test('either, to a Go host', needsGo(), async (t) => {
    const directory = process.env['TMPDIR'] ?? '/tmp';
    await using host = await startGoHost(directory);
    for (const protocol of PROTOCOLS) {
      await t.test(protocol, async () => {
        const client = await host.create({ command: fixture('serves-dual', 'classes', protocol), protocol });
        assert.equal((await client.start()).protocol, protocol);
        const object = await client.dispense('kv');
        if (protocol === 'netrpc') {
          assert.equal(await object.call('Put', { Key: 'a', Value: 'MQ==' }), 1);
        } else {
          const answer = (await object.invoke(KVDefinition, 'put', { key: 'a', value: bytes('1') })) as {
            message: { revision: bigint };
          };
          assert.equal(answer.message.revision, 1n);
        }
        await client.stop();
      });
    }
  });

  test('what it was told to, or nothing', async () => {
    const service = implement(netRpcKv, { put: () => 1, get: () => ({ Value: bytes(''), Revision: 1 }) });
    await assert.rejects(createPluginPair({ kv: netRpcKv }, { kv: service }, { protocol: 'grpc' }), {
      code: 'ERR_OPTIONS',
      message: /kv cannot be served over grpc: its contract is for netrpc alone/,
    });
  });
});

describe('a dual contract', () => {
  test('makes only the service that is served, with the context of its protocol', async () => {
    for (const protocol of PROTOCOLS) {
      const made: string[] = [];
      const service = implement(kv, {
        grpc: (context) => {
          made.push(context.protocol, typeof context.broker.lend);
          return { get: () => ({}), put: () => ({}), watch: () => EMPTY, import: () => ({}), sync: () => EMPTY };
        },
        netrpc: (context) => {
          made.push(context.protocol, typeof context.broker.nextId);
          return { put: () => 7, get: () => ({ Value: bytes(''), Revision: 1 }) };
        },
      });
      await using pair = await createPluginPair({ kv }, { kv: service }, { protocol });
      const spoken = await pair.dispense('kv');
      assert.equal(spoken.protocol, protocol);
      assert.deepEqual(made, [protocol, 'function']);
    }
  });

  test('has its sides at hand, for the sets of two versions', () => {
    assert.equal(kv.grpc, grpcKv);
    assert.equal(kv.netrpc, netRpcKv);
    assert.deepEqual(kv.protocols, ['grpc', 'netrpc']);
  });

  test('is not made of sides in the wrong place', () => {
    const both = { grpc: grpcPlugin(KVDefinition), netrpc: netRpcKv };
    for (const wrong of [
      { ...both, grpc: netRpcKv },
      { ...both, netrpc: both.grpc },
    ])
      assert.throws(() => dualPlugin(wrong as never), { code: 'ERR_OPTIONS', message: /side of a dual contract/ });
  });
});
