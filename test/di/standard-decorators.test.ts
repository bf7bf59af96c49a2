import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from 'esbuild';
import { Container, ContainerModule } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { grpcPlugin, netRpcPlugin, OptionsError } from 'rxplug';
import { pluginToken } from 'rxplug/di';
import { gob, method } from 'rxplug/net-rpc';
import { createPluginPair } from 'rxplug/testing';
import { KVDefinition } from '../../examples/gen/kv.js';
import { createLogger } from '../../src/wire/logs/logger.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = join(root, 'test/fixtures/standard-decorators');
const target = join(root, 'dist/test/fixtures/standard-decorators');

/** What the fixture exports. It is not part of the suite's own compilation, which has `experimentalDecorators`. */
interface Services {
  grpcServices(definition: typeof KVDefinition): Readonly<Record<'Injected' | 'Undecorated', new () => object>>;
  readonly Importer: new (kv: unknown) => { readonly kv: unknown };
  readonly Greeter: new () => object;
  readonly refused: Readonly<Record<'static' | 'private', () => unknown>>;
}

const load = (file: string) => import(pathToFileURL(file).href) as Promise<Services>;

/** With types: what must not compile is marked in the fixture. */
async function byTsc(): Promise<Services> {
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', source], { stdio: 'inherit' });
  return load(join(target, 'services.js'));
}

async function byEsbuild(): Promise<Services> {
  const { code } = transformSync(readFileSync(join(source, 'services.ts'), 'utf8'), {
    loader: 'ts',
    target: 'node20',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: false, useDefineForClassFields: true } },
  });
  const file = join(target, 'services.esbuild.js');
  writeFileSync(file, code);
  return load(file);
}

const plugins = { kv: grpcPlugin(KVDefinition) };
const greeters = {
  greeter: netRpcPlugin({ greet: method(gob.string, gob.string), size: method(gob.string, gob.int) }),
};

for (const [compiler, compile] of [['tsc', byTsc] as const, ['esbuild', byEsbuild] as const]) {
  describe(`standard decorators, compiled by ${compiler}`, async () => {
    const services = await compile();
    const { Injected, Undecorated } = services.grpcServices(KVDefinition);

    test('a service class is injected what `decorate` says', async () => {
      const logged: string[] = [];
      const logger = createLogger({ write: ({ message }) => void logged.push(message) });
      await using pair = await createPluginPair(plugins, { kv: Injected }, { logger });
      const kv = await pair.dispense('kv');
      assert.equal(String((await firstValueFrom(kv.get({ key: 'a' }))).value), 'a');
      assert.deepEqual(logged, ['get']);
    });

    test('a constructor of which nothing is known is refused, with the container and without', async () => {
      for (const modules of [[], [new ContainerModule(() => {})]]) {
        await assert.rejects(
          createPluginPair(plugins, { kv: Undecorated }, { modules }),
          (error) =>
            error instanceof OptionsError &&
            /Undecorated .*experimentalDecorators.*`decorate\(inject\(token\), Undecorated, 0\)`.*implement/.test(
              error.message,
            ),
        );
      }
    });

    test('a class of an application is injected a plugin', () => {
      const container = new Container();
      container.bind(pluginToken<string>('store')).toConstantValue('a client');
      container.bind(services.Importer).toSelf();
      assert.equal(container.get(services.Importer).kv, 'a client');
    });

    test('methods are served over net/rpc, with those of base classes, and with what decorators below made of them', async () => {
      await using pair = await createPluginPair(greeters, { greeter: services.Greeter });
      const greeter = await pair.dispense('greeter');
      assert.equal(await firstValueFrom(greeter.greet('Ada')), 'Hello Ada! Hello Ada!');
      assert.equal(await firstValueFrom(greeter.size('Ada')), 3);
    });

    for (const [what, define] of Object.entries(services.refused)) {
      test(`a ${what} method is refused`, () => {
        assert.throws(define, (error) => error instanceof OptionsError && error.message.includes(` is ${what};`));
      });
    }
  });
}
