import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
// #region imports
import { Container, ContainerModule, inject, injectable } from 'inversify';
import { firstValueFrom, of } from 'rxjs';
import type { ClientOfContract } from 'rxplug';
import { injectPlugin, LOG_SINK, pluginClientToken, pluginHostModule, pluginToken } from 'rxplug/di';
// #endregion imports
import { handshake as greeterHandshake, plugins as greeterPlugins } from '../../examples/basic/contract.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();
const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
const storeFile = example('grpc-kv/plugin');
const greeterFile = example('basic/plugin');
const bytes = (value: string) => new TextEncoder().encode(value);

const lines: string[] = [];
const logger = { write: (_level: string, line: string) => void lines.push(line) };

// #region plugins-module
/** The only place that knows that these are plugins, and how they are started. */
const pluginsModule = pluginHostModule({
  store: { command: [process.execPath, storeFile], handshake, plugins: { kv: plugins.kv } },
  greeter: { command: [process.execPath, greeterFile], handshake: greeterHandshake, plugins: greeterPlugins },
});
// #endregion plugins-module

// #region feature
type Kv = ClientOfContract<typeof plugins.kv>;
type Greeter = ClientOfContract<typeof greeterPlugins.greeter>;

@injectable()
class Guestbook {
  constructor(
    @injectPlugin('store') private readonly kv: Kv,
    @injectPlugin('greeter') private readonly greeter: Greeter,
  ) {}

  async sign(name: string): Promise<string> {
    const { greeting } = await firstValueFrom(this.greeter.greet({ name }));
    await firstValueFrom(this.kv.put({ key: name, value: bytes(greeting) }));
    return greeting;
  }
}

const guestbookModule = new ContainerModule(({ bind }) => {
  bind(Guestbook).toSelf().inSingletonScope();
});
// #endregion feature

test('docs/start: an application starts its plugins, serves requests and stops them', async () => {
  // #region application
  const container = new Container();
  container.bind(LOG_SINK).toConstantValue({ write: ({ level, message }) => logger.write(level, message) });
  container.load(pluginsModule, guestbookModule);

  const guestbook = await container.getAsync(Guestbook); // starts both plugins
  await guestbook.sign('Ada');
  // #endregion application
  const store = container.get(pluginClientToken('store'));
  // #region request
  const USER = Symbol('user');

  @injectable()
  class SignHandler {
    constructor(
      @inject(USER) private readonly user: string,
      @inject(Guestbook) private readonly guestbook: Guestbook,
    ) {}

    handle = () => this.guestbook.sign(this.user);
  }

  async function onRequest(user: string): Promise<string> {
    const request = new Container({ parent: container });
    request.bind(USER).toConstantValue(user);
    request.bind(SignHandler).toSelf();
    const handler = await request.getAsync(SignHandler);
    return await handler.handle();
  }
  // #endregion request
  assert.equal(await onRequest('Grace'), 'Hello Grace!');
  assert.equal(store.exited, false);
  // #region stop
  await container.unbindAllAsync(); // stops both
  // #endregion stop
  assert.equal(store.exited, true);
  assert.ok(lines.includes('stored'));
});

test('docs/start: a feature is tested without a plugin', async () => {
  // #region fake
  const stored: string[] = [];
  const kv: Pick<Kv, 'put'> = {
    put: ({ key = '' }) => {
      stored.push(key);
      return of({ revision: 1n });
    },
  };
  const container = new Container();
  container.bind(pluginToken('store')).toConstantValue(kv);
  container.bind(pluginToken('greeter')).toConstantValue({ greet: () => of({ greeting: 'Hi!' }) });
  container.load(guestbookModule);

  const guestbook = await container.getAsync(Guestbook);
  assert.equal(await guestbook.sign('Ada'), 'Hi!');
  assert.deepEqual(stored, ['Ada']);
  // #endregion fake
});
