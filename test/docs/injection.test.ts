import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Container, ContainerModule, inject, injectable, preDestroy } from 'inversify';
import { firstValueFrom, map } from 'rxjs';
import type { ClientOfContract } from 'rxplug';
import { injectPlugin, LOG_SINK, pluginClientToken, pluginHostModule, pluginToken } from 'rxplug/di';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { ownTempDir } from '../support/own-temp-dir.js';

ownTempDir();
const storeFile = fileURLToPath(new URL('../../examples/grpc-kv/plugin.js', import.meta.url));
const store = { command: [process.execPath, storeFile], handshake, plugins: { kv: plugins.kv } } as const;
type Kv = ClientOfContract<typeof plugins.kv>;
const bytes = (value: string) => new TextEncoder().encode(value);

test('docs/start/injection: a feature has a container of its own', async () => {
  const container = new Container();
  const written: string[] = [];
  container
    .bind(LOG_SINK)
    .toConstantValue({ write: (entry, plugin) => void written.push(`${plugin.name} ${entry.message}`) });
  container.load(pluginHostModule({ store }));
  // #region feature-container
  const importing = new Container({ parent: container });
  importing.load(pluginHostModule({ archive: store })); // logs to the parent's LOG_SINK
  const archive = await importing.getAsync(pluginToken<Kv>('archive'));
  const kv = await importing.getAsync(pluginToken<Kv>('store')); // the parent's

  await importing.unbindAllAsync(); // stops the archive, not the store
  // #endregion feature-container
  await assert.rejects(firstValueFrom(archive.get({ key: 'a' })), /The plugin archive was stopped/);
  await firstValueFrom(kv.put({ key: 'a' }));
  assert.equal(container.isBound(pluginToken('archive')), false);
  assert.deepEqual([...new Set(written.filter((line) => line.endsWith('ready')))].sort(), [
    'archive the plugin is ready',
    'store the plugin is ready',
  ]);
  await container.unbindAllAsync();
});

test('docs/start/injection: what belongs to a request, and is released with it', async () => {
  const released: string[] = [];
  const container = new Container();
  container.load(pluginHostModule({ store }));
  const { onRequest } = requests(container, released);
  assert.equal(await onRequest('Ada'), 1n);
  assert.equal(await onRequest('Ada'), 2n);
  assert.deepEqual(released, ['Ada', 'Ada']);
  await container.unbindAllAsync();
});

function requests(container: Container, released: string[]) {
  // #region request-scope
  const USER = Symbol('user');

  /** What the objects of one request share. */
  @injectable()
  class Session {
    constructor(@inject(USER) readonly user: string) {}

    @preDestroy()
    close() {
      released.push(this.user);
    }
  }

  @injectable()
  class Audit {
    constructor(@inject(Session) readonly session: Session) {}
  }

  @injectable()
  class SignHandler {
    constructor(
      @inject(Session) readonly session: Session,
      @inject(Audit) readonly audit: Audit,
      @injectPlugin('store') private readonly kv: Kv,
    ) {}

    handle = () => firstValueFrom(this.kv.put({ key: this.session.user }).pipe(map(({ revision }) => revision)));
  }

  async function onRequest(user: string): Promise<bigint> {
    const request = new Container({ parent: container, defaultScope: 'Singleton' });
    request.bind(USER).toConstantValue(user);
    request.bind(Session).toSelf();
    request.bind(Audit).toSelf();
    request.bind(SignHandler).toSelf();
    try {
      const handler = await request.getAsync(SignHandler);
      assert.equal(handler.audit.session, handler.session);
      return await handler.handle();
    } finally {
      await request.unbindAllAsync(); // runs @preDestroy; the store goes on
    }
  }
  // #endregion request-scope
  return { onRequest };
}

test('docs/start/injection: a client that is adapted when it is injected', async () => {
  const container = new Container();
  container.load(pluginHostModule({ store }));
  // #region activation
  container.onActivation(pluginToken<Kv>('store'), (_context, kv) => ({
    ...kv,
    get: (request, options) => kv.get(request, { timeoutMs: 2000, ...options }),
  }));
  // #endregion activation
  const kv = await container.getAsync(pluginToken<Kv>('store'));
  await firstValueFrom(kv.put({ key: 'a', value: bytes('1') }));
  assert.equal(Buffer.from((await firstValueFrom(kv.get({ key: 'a' }))).value).toString(), '1');
  await assert.rejects(firstValueFrom(kv.get({ key: 'a' }, { timeoutMs: 0 })), /DEADLINE_EXCEEDED/);
  await container.unbindAllAsync();
});

for (const supervision of [undefined, {}])
  test(`docs/start/injection: last calls, ${supervision === undefined ? 'plain' : 'supervised'}`, async () => {
    const revisions: bigint[] = [];
    // #region last-calls
    @injectable()
    class Journal {
      constructor(@injectPlugin('store') private readonly kv: Kv) {}

      @preDestroy()
      async close() {
        for (const key of ['a', 'a']) revisions.push((await firstValueFrom(this.kv.put({ key }))).revision);
      }
    }

    const journalModule = new ContainerModule(({ bind }) => {
      bind(Journal).toSelf().inSingletonScope();
    });
    // #endregion last-calls
    const pluginsModule = pluginHostModule({
      store: supervision === undefined ? store : { ...store, supervision },
    });
    const container = new Container();
    container.load(pluginsModule, journalModule);
    await container.getAsync(Journal);
    // #region last-calls-end
    await container.unloadAsync(journalModule); // runs its @preDestroy, with the plugins
    await container.unloadAsync(pluginsModule); // stops them
    // #endregion last-calls-end
    assert.deepEqual(revisions, [1n, 2n]);
  });

test('docs/start/injection: when a plugin could not be started', async () => {
  const pluginsModule = pluginHostModule({ store, broken: { ...store, command: ['/nowhere/plugin'] } });
  const container = new Container();
  container.load(pluginsModule);

  @injectable()
  class Both {
    constructor(
      @injectPlugin('store') readonly kv: Kv,
      @injectPlugin('broken') readonly broken: Kv,
    ) {}
  }

  container.bind(Both).toSelf().inSingletonScope();
  await assert.rejects(container.getAsync(Both), { code: 'ERR_SPAWN' });
  const client = container.get(pluginClientToken('store'));
  // #region failed-start
  await container.unloadAsync(pluginsModule); // stops the others, whatever failed
  // #endregion failed-start
  assert.equal(client.exited, true);
});
