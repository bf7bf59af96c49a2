import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { ContainerModule, inject, injectable } from 'inversify';
import { firstValueFrom, of } from 'rxjs';
import { injectPlugin, LOGGER, MUX_BROKER, NetRpcMethod, NetRpcService } from '../../src/di/index.js';
import { type Logger, netRpcPlugin, type ServiceOfContract } from '../../src/index.js';
import {
  BASIC_ERROR_NAME,
  BasicError,
  createTypedClient,
  gob,
  type MuxBroker,
  method,
  type NetRpcServiceCall,
} from '../../src/net-rpc.js';
import { createPluginPair } from '../../src/testing/index.js';
import { createLogger, type LogRecord } from '../../src/wire/logs/logger.js';

const PutArgs = gob.struct('PutArgs', { Key: gob.string, Value: gob.bytes });
const storeMethods = {
  put: method(PutArgs, gob.int),
  Size: method(gob.string, gob.int),
  clear: method(gob.empty, gob.empty),
  fail: method(gob.string, gob.empty),
  offer: method(gob.string, gob.uint32),
};
const plugins = { store: netRpcPlugin(storeMethods) };

@injectable()
class Disk {
  readonly writes: string[] = [];
}

abstract class Sized {
  protected readonly values = new Map<string, Uint8Array>();

  @NetRpcMethod(gob.string, gob.int)
  Size(key: string) {
    return of(this.values.get(key)?.length ?? -1);
  }
}

@NetRpcService()
class Store extends Sized implements ServiceOfContract<typeof plugins.store> {
  constructor(
    @inject(LOGGER) private readonly log: Logger,
    @inject(MUX_BROKER) private readonly broker: MuxBroker,
    @inject(Disk) private readonly disk: Disk,
  ) {
    super();
  }

  @NetRpcMethod(PutArgs, gob.int)
  async put({ Key, Value }: { Key: string; Value: Uint8Array }) {
    this.log.info('stored', { Key });
    this.disk.writes.push(Key);
    return this.values.set(Key, Value).size;
  }

  @NetRpcMethod(gob.empty, gob.empty)
  clear() {
    return this.values.delete('a');
  }

  @NetRpcMethod(gob.string, gob.empty)
  fail(message: string) {
    throw new Error(message);
  }

  @NetRpcMethod(gob.string, gob.uint32)
  offer(content: string, call: NetRpcServiceCall) {
    assert.equal(call.broker, this.broker);
    assert.equal(call.serviceMethod, 'Plugin.Offer');
    const id = this.broker.nextId();
    this.broker.accept(id).subscribe((stream: Duplex) => stream.end(content));
    return id;
  }

  unmarked() {
    return 'nobody outside calls this';
  }
}

describe('a class that is served over net/rpc', () => {
  test('is constructed with its dependencies, and called by a typed client of the plain contract', async () => {
    const logs: LogRecord[] = [];
    const disk = new Disk();
    const modules = [new ContainerModule(({ bind }) => void bind(Disk).toConstantValue(disk))];
    const logger = createLogger({ write: (record) => void logs.push(record) });
    await using pair = await createPluginPair(plugins, { store: Store }, { modules, logger });
    const store = await pair.dispense('store');
    assert.equal(await firstValueFrom(store.put({ Key: 'a', Value: new Uint8Array(3) })), 1);
    assert.equal(await firstValueFrom(store.Size('a')), 3);
    assert.deepEqual(await firstValueFrom(store.clear()), {});
    assert.equal(await firstValueFrom(store.Size('a')), -1);
    await assert.rejects(firstValueFrom(store.fail('no room')), { code: 'ERR_REMOTE', message: 'no room' });
    assert.deepEqual(disk.writes, ['a']);
    assert.deepEqual(
      logs.filter(({ message }) => message === 'stored').map(({ module, fields }) => [module, fields]),
      [['store', { Key: 'a' }]],
    );
  });

  test('gets the broker of its connection, as a dependency and in each call', async () => {
    const brokered = netRpcPlugin({
      client: ({ rpc, broker }) => ({ broker, store: createTypedClient(rpc, 'Plugin', storeMethods) }),
      serve: () => new Map(),
    });
    const modules = [new ContainerModule(({ bind }) => void bind(Disk).toSelf())];
    await using pair = await createPluginPair({ store: brokered }, { store: Store }, { modules, protocol: 'netrpc' });
    const { store, broker } = await pair.dispense('store');
    const stream = await broker.dial(await firstValueFrom(store.offer('all of it')));
    assert.equal(await text(stream), 'all of it');
    stream.destroy();
  });

  test('is constructed for every dispense', async () => {
    const modules = [new ContainerModule(({ bind }) => void bind(Disk).toSelf())];
    await using pair = await createPluginPair(plugins, { store: Store }, { modules });
    const [one, other] = [await pair.dispense('store'), await pair.dispense('store')];
    await firstValueFrom(one.put({ Key: 'a', Value: new Uint8Array(1) }));
    assert.equal(await firstValueFrom(other.Size('a')), -1);
  });

  test('serves decorated methods, also those of its base classes, and no others', async () => {
    const wider = netRpcPlugin({ ...storeMethods, unmarked: method(gob.empty, gob.string) });
    const modules = [new ContainerModule(({ bind }) => void bind(Disk).toSelf())];
    await using pair = await createPluginPair({ store: wider }, { store: Store }, { modules });
    const store = await pair.dispense('store');
    assert.equal(await firstValueFrom(store.Size('a')), -1);
    await assert.rejects(firstValueFrom(store.unmarked()), {
      code: 'ERR_REMOTE',
      message: "rpc: can't find method Plugin.Unmarked",
    });
  });

  test('uses the registry of its interfaces', async () => {
    const registry = gob.registry({ [BASIC_ERROR_NAME]: BasicError });
    const Outcome = gob.struct('Outcome', { Err: gob.interface() });
    @NetRpcService({ registry })
    class Judge {
      @NetRpcMethod(gob.string, Outcome)
      judge(Message: string) {
        return { Err: { type: BASIC_ERROR_NAME, value: { Message } } };
      }
    }
    const contract = netRpcPlugin({ judge: method(gob.string, Outcome) }, { registry });
    await using pair = await createPluginPair({ judge: contract }, { judge: Judge });
    const judge = await pair.dispense('judge');
    assert.deepEqual(await firstValueFrom(judge.judge('guilty')), {
      Err: { type: BASIC_ERROR_NAME, value: { Message: 'guilty' } },
    });
  });
});

describe('a class is refused', () => {
  test('without methods', () => {
    assert.throws(() => NetRpcService()(class Empty {}), {
      code: 'ERR_OPTIONS',
      message: /The class Empty has no methods/,
    });
  });

  test('with a static method', () => {
    assert.throws(
      () => {
        class Static {
          @NetRpcMethod(gob.string, gob.string)
          static greet(name: string) {
            return name;
          }
        }
        void Static;
      },
      { code: 'ERR_OPTIONS', message: /greet is static/ },
    );
  });

  test('injected by a standard decorator', () => {
    const injecting = injectPlugin('kv') as unknown as (value: undefined, context: unknown) => void;
    const context = { kind: 'field', name: 'kv', static: false };
    const message = /^@injectPlugin .*experimentalDecorators.*decorate\(inject/;
    assert.throws(() => injecting(undefined, context), { code: 'ERR_OPTIONS', message });
  });

  test('with names that Go cannot export, or that have one name on the wire', () => {
    class Hidden {
      @NetRpcMethod(gob.string, gob.string)
      _greet(name: string) {
        return name;
      }
    }
    class Twice {
      @NetRpcMethod(gob.string, gob.string)
      greet(name: string) {
        return name;
      }
      @NetRpcMethod(gob.string, gob.string)
      Greet(name: string) {
        return name;
      }
    }
    assert.throws(() => NetRpcService()(Hidden), { code: 'ERR_OPTIONS', message: /Go can export.*"_greet"/ });
    assert.throws(() => NetRpcService()(Twice), { code: 'ERR_OPTIONS', message: /greet and Greet have the same name/ });
    for (const name of ['', 'a-b', '1st', 'ask me', 'ſhort name'])
      assert.throws(() => netRpcPlugin({ [name]: method(gob.string, gob.string) }), { code: 'ERR_OPTIONS' });
    netRpcPlugin({ über: method(gob.string, gob.string), a_1: method(gob.string, gob.string) });
  });

  test('when only its base class is decorated', async () => {
    class Own extends Store {}
    await assert.rejects(createPluginPair(plugins, { store: Own }), {
      code: 'ERR_OPTIONS',
      message: /class Own is not/,
    });
  });
});

test('metadata of one class is not that of another', async () => {
  class Base {
    @NetRpcMethod(gob.string, gob.string)
    greet(name: string | null) {
      return `Hello ${name}`;
    }
  }
  @NetRpcService()
  class Left extends Base {
    @NetRpcMethod(gob.pointer(gob.string), gob.string)
    override greet(name: string | null) {
      return `left: ${super.greet(name)}`;
    }
    @NetRpcMethod(gob.int, gob.int)
    twice(n: number) {
      return 2 * n;
    }
  }
  @NetRpcService()
  class Right extends Base {}
  const greeter = netRpcPlugin({
    greet: method(gob.pointer(gob.string), gob.string),
    twice: method(gob.int, gob.int),
  });
  await using pair = await createPluginPair({ left: greeter, right: greeter }, { left: Left, right: Right });
  const [left, right] = [await pair.dispense('left'), await pair.dispense('right')];
  assert.equal(await firstValueFrom(left.greet('Ada')), 'left: Hello Ada');
  assert.equal(await firstValueFrom(left.twice(21)), 42);
  assert.equal(await firstValueFrom(right.greet('Ada')), 'Hello Ada');
  await assert.rejects(firstValueFrom(right.twice(21)), { message: "rpc: can't find method Plugin.Twice" });
});
