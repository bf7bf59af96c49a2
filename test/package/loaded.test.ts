import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
      assert.ok(urls.length > 0 && packages.has('rxjs'), 'nothing was seen: the test would pass for nothing');
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
