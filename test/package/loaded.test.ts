import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { selfSignedAuthority } from '../../src/grpc.js';
import { loadedFiles } from '../support/loaded-files.js';

/** Where `rxplug` is this package, and everything that it needs is installed. */
const here = fileURLToPath(new URL('.', import.meta.url));
const CONTAINER = ['inversify', '@inversifyjs/container', '@inversifyjs/core', 'reflect-metadata'];

const CALL = (greeter: string, more = '') => `
import { firstValueFrom } from 'rxjs';
import { createClient, PluginService, serveTest } from 'rxplug';
import { GreeterDefinition } from '../../examples/gen/greeter.js';
${more}
const handshake = { protocolVersion: 1, magicCookieKey: 'K', magicCookieValue: 'V' };
${greeter}
PluginService(GreeterDefinition)(Greeter);
const serving = await serveTest({ handshake, plugins: { greeter: Greeter } });
const { grpcPlugin } = await import('rxplug');
const plugins = { greeter: grpcPlugin(GreeterDefinition) };
const client = createClient({ reattach: serving.reattach, handshake, plugins });
await client.start();
const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
if (greeting !== 'Hello Ada') throw new Error(greeting);
await client.stop();
await serving.close();
`;

const { certificatePem, keyPem } = await selfSignedAuthority().issue();
const TLS = { cert: certificatePem, key: keyPem, ca: [certificatePem] };

const PLAIN = "class Greeter { greet({ name }) { return { greeting: 'Hello ' + name }; } }";

describe('the container is loaded when it is used', () => {
  for (const [what, text] of [
    ['the main entry', "import 'rxplug';"],
    [
      'the entries for gRPC, net/rpc and transports',
      "import 'rxplug/grpc'; import 'rxplug/net-rpc'; import 'rxplug/transport';",
    ],
    ['a call from a host to a plugin', CALL(PLAIN)],
  ] as const)
    test(`${what}: without`, async () => {
      const { urls, packages } = await loadedFiles(text, here);
      assert.ok(
        urls.length > 0 && packages.has('@bufbuild/protobuf'),
        'nothing was seen: the test would pass for nothing',
      );
      assert.deepEqual(
        CONTAINER.filter((name) => packages.has(name)),
        [],
      );
    });

  test('a class with an injected property, and a constructor without arguments: with', async () => {
    const greeter = `
class Greeter { greet({ name }) { this.log.info('greeted'); return { greeting: 'Hello ' + name }; } }
inject(LOGGER)(Greeter.prototype, 'log');`;
    const { packages } = await loadedFiles(
      CALL(greeter, "import { inject } from 'inversify'; import { LOGGER } from 'rxplug/di';"),
      here,
    );
    assert.ok(packages.has('inversify'));
  });
});

/** Of Node's own modules these load many others, and most programs need none of them. */
const DEAR = ['tls', '_tls_wrap', 'zlib', 'child_process', 'http', '_http_client', 'http2', 'v8'];
const dear = (builtins: ReadonlySet<string>) => DEAR.filter((name) => builtins.has(`NativeModule ${name}`));

describe('the rest is loaded when it is used', () => {
  test('the main entry loads two packages, grpc-js in part, and nothing dear of Node', async () => {
    const { urls, packages, builtins } = await loadedFiles("import 'rxplug';", here);
    const filesOf = (name: string) => urls.filter((url) => url.includes(`/node_modules/${name}/`));
    assert.deepEqual([...packages].toSorted(), ['@bufbuild/protobuf', '@grpc/grpc-js']);
    assert.ok(filesOf('@grpc/grpc-js').length < 8, `${filesOf('@grpc/grpc-js').length} files of grpc-js`);
    assert.deepEqual(dear(builtins), []);
  });

  for (const [title, options] of [
    ['a plugin', '{}'],
    ['a plugin with TLS', `{ tlsProvider: () => (${JSON.stringify(TLS)}) }`],
  ] as const)
    test(`${title} that listens has loaded nothing of rxjs`, async () => {
      const text = `
import { PluginService, serveTest } from 'rxplug';
import { GreeterDefinition } from '../../examples/gen/greeter.js';
${PLAIN}
PluginService(GreeterDefinition)(Greeter);
const handshake = { protocolVersion: 1, magicCookieKey: 'K', magicCookieValue: 'V' };
await serveTest({ handshake, plugins: { greeter: Greeter }, ...${options} });
process.exit();`;
      const { urls } = await loadedFiles(text, here);
      assert.ok(
        urls.some((url) => url.includes('/lib/parts/grpc-plugin.js')),
        'nothing was seen: the test would pass for nothing',
      );
      assert.deepEqual(
        urls.filter((url) => url.includes('/node_modules/rxjs/')),
        [],
      );
    });

  test('the entry for gRPC, with its adapters, loads as little of grpc-js', async () => {
    const { urls } = await loadedFiles("import 'rxplug/grpc';", here);
    const files = urls.filter((url) => url.includes('/node_modules/@grpc/grpc-js/'));
    assert.ok(files.length > 0 && files.length < 9, `${files.length} files of grpc-js`);
  });

  test('what is loaded later is seen: node-forge for a certificate, and modules of Node', async () => {
    const tls = "import { selfSignedAuthority } from 'rxplug/grpc'; await selfSignedAuthority().issue();";
    const { packages } = await loadedFiles(tls, here);
    assert.ok(packages.has('node-forge'));
    const { builtins } = await loadedFiles("import 'node:tls'; import 'node:child_process';", here);
    assert.ok(dear(builtins).includes('tls') && dear(builtins).includes('child_process'), dear(builtins).join());
  });
});
