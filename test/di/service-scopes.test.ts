import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Container, ContainerModule, inject, injectable, preDestroy } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition, type GreetRequest } from '../../examples/gen/greeter.js';
import { assemblePlugin } from '../../src/di/assemble-plugin.js';
import { GRPC_PLUGIN_OPTIONS, GRPC_SERVER_PROTOCOL, LOGGER, NetRpcMethod, NetRpcService } from '../../src/di/index.js';
import { grpcServerProtocol } from '../../src/grpc.js';
import { dualPlugin, grpcPlugin, implement, netRpcPlugin, PluginService, type ServiceOf } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { createPluginPair } from '../../src/testing/index.js';
import { createLogger, type Logger } from '../../src/wire/logs/logger.js';

const grpc = grpcPlugin(GreeterDefinition);
const netrpc = netRpcPlugin({ greet: method(gob.string, gob.string) });
const PHRASE = Symbol('phrase');
const RELEASED = Symbol('released');
const handshake = { magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What the services below inject: a phrase that takes a moment, and a list of those that were released. */
function bindings(released: string[]): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(PHRASE).toDynamicValue(async () => {
      await turn();
      return 'Hello';
    });
    bind(RELEASED).toConstantValue(released);
  });
}

@PluginService(GreeterDefinition)
class GrpcGreeter implements ServiceOf<typeof GreeterDefinition> {
  constructor(
    @inject(PHRASE) private readonly phrase: string,
    @inject(RELEASED) private readonly released: string[],
  ) {}

  greet({ name }: GreetRequest) {
    return { greeting: `${this.phrase} ${name}` };
  }

  @preDestroy()
  async release() {
    await turn();
    this.released.push('grpc');
  }
}

@NetRpcService()
class NetRpcGreeter {
  constructor(
    @inject(PHRASE) private readonly phrase: string,
    @inject(RELEASED) private readonly released: string[],
  ) {}

  @NetRpcMethod(gob.string, gob.string)
  greet(name: string) {
    return `${this.phrase} ${name}`;
  }

  @preDestroy()
  async release() {
    await turn();
    this.released.push('netrpc');
  }
}

describe('a service class', () => {
  test('may have asynchronous dependencies, and is released when serving ends: gRPC', async () => {
    const released: string[] = [];
    const pair = await createPluginPair({ grpc }, { grpc: GrpcGreeter }, { modules: [bindings(released)] });
    const { greeting } = await firstValueFrom((await pair.dispense('grpc')).greet({ name: 'Ada' }));
    assert.equal(greeting, 'Hello Ada');
    assert.deepEqual(released, []);
    await pair.dispose();
    assert.deepEqual(released, ['grpc']);
  });

  test('may have asynchronous dependencies, and is released with its dispensed client: net/rpc', async () => {
    const released: string[] = [];
    const pair = await createPluginPair({ netrpc }, { netrpc: NetRpcGreeter }, { modules: [bindings(released)] });
    const [first, second] = [await pair.dispense('netrpc'), await pair.dispense('netrpc')];
    assert.equal(await firstValueFrom(first.greet('Ada')), 'Hello Ada');
    await first[Symbol.asyncDispose]();
    while (released.length === 0) await turn();
    assert.equal(await firstValueFrom(second.greet('Ada')), 'Hello Ada');
    assert.deepEqual(released, ['netrpc']);
    await pair.dispose();
    assert.deepEqual(released, ['netrpc', 'netrpc']);
  });

  test('may be half of a dual contract', async () => {
    const both = { both: dualPlugin({ grpc, netrpc }) };
    for (const protocol of ['grpc', 'netrpc'] as const) {
      const released: string[] = [];
      const services = { both: { grpc: GrpcGreeter, netrpc: NetRpcGreeter } };
      const pair = await createPluginPair(both, services, { protocol, modules: [bindings(released)] });
      const dispensed = await pair.dispense('both');
      if (dispensed.protocol === 'grpc') await firstValueFrom(dispensed.client.greet({ name: 'Ada' }));
      else await firstValueFrom(dispensed.client.greet('Ada'));
      await pair.dispose();
      assert.deepEqual(released, [protocol]);
    }
  });

  test('fails to be served with the error of its dependency', async () => {
    const failing = new ContainerModule(({ bind }) => {
      bind(PHRASE).toDynamicValue(() => Promise.reject(new Error('no phrase')));
      bind(RELEASED).toConstantValue([]);
    });
    await assert.rejects(createPluginPair({ grpc }, { grpc: GrpcGreeter }, { modules: [failing] }), /no phrase/);
  });

  test('may have @injectable above or below its own decorator', async () => {
    @injectable()
    @PluginService(GreeterDefinition)
    class Above implements ServiceOf<typeof GreeterDefinition> {
      greet() {
        return { greeting: 'above' };
      }
    }
    @PluginService(GreeterDefinition)
    @injectable()
    class Below implements ServiceOf<typeof GreeterDefinition> {
      greet() {
        return { greeting: 'below' };
      }
    }
    for (const [service, expected] of [
      [Above, 'above'],
      [Below, 'below'],
    ] as const) {
      await using pair = await createPluginPair({ grpc }, { grpc: service });
      const { greeting } = await firstValueFrom((await pair.dispense('grpc')).greet({ name: '' }));
      assert.equal(greeting, expected);
    }
  });
});

test('a function that makes a service may be asynchronous', async () => {
  const greet = { greet: (name: string) => `Hello ${name}` };
  const greeting = { greet: ({ name }: GreetRequest) => ({ greeting: `Hello ${name}` }) };
  const later = async <T>(value: T): Promise<T> => {
    await turn();
    return value;
  };
  const expected = 'Hello Ada';
  await using overGrpc = await createPluginPair({ grpc }, { grpc: implement(grpc, () => later(greeting)) });
  assert.equal((await firstValueFrom((await overGrpc.dispense('grpc')).greet({ name: 'Ada' }))).greeting, expected);
  await using overNetRpc = await createPluginPair({ netrpc }, { netrpc: implement(netrpc, () => later(greet)) });
  assert.equal(await firstValueFrom((await overNetRpc.dispense('netrpc')).greet('Ada')), expected);
  const dual = dualPlugin({ grpc, netrpc });
  const both = implement(dual, { grpc: () => later(greeting), netrpc: () => later(greet) });
  for (const protocol of ['grpc', 'netrpc'] as const) {
    await using pair = await createPluginPair({ dual }, { dual: both }, { protocol });
    const dispensed = await pair.dispense('dual');
    if (dispensed.protocol === 'netrpc') assert.equal(await firstValueFrom(dispensed.client.greet('Ada')), expected);
    else assert.equal((await firstValueFrom(dispensed.client.greet({ name: 'Ada' }))).greeting, expected);
  }
});

test('the signal in the context of a service is aborted when serving ends', async () => {
  const signals: AbortSignal[] = [];
  const greeting = { greet: () => ({ greeting: '' }) };
  const pair = await createPluginPair(
    { grpc },
    {
      grpc: implement(grpc, ({ signal }) => {
        signals.push(signal);
        return greeting;
      }),
    },
  );
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false],
  );
  await pair.dispose();
  assert.equal(signals[0]?.aborted, true);
});

describe('the container of an application', () => {
  test('provides the dependencies of service classes, replaces parts, and is not changed', async () => {
    const released: string[] = [];
    const container = new Container();
    container.load(bindings(released));
    const served: string[] = [];
    container.bind(GRPC_SERVER_PROTOCOL).toConstantValue((connection) => {
      served.push('own protocol');
      return grpcServerProtocol()(connection);
    });
    const pair = await createPluginPair({ grpc }, { grpc: GrpcGreeter }, { container });
    const { greeting } = await firstValueFrom((await pair.dispense('grpc')).greet({ name: 'Ada' }));
    await pair.dispose();
    assert.equal(greeting, 'Hello Ada');
    assert.deepEqual([served, released], [['own protocol'], ['grpc']]);
    assert.ok(container.isBound(PHRASE) && container.isBound(GRPC_SERVER_PROTOCOL));
    assert.equal(container.isBound(GrpcGreeter), false);
  });
});

describe('what a module of a plugin binds', () => {
  const plugins = { grpc: implement(grpc, { greet: () => ({ greeting: '' }) }) };
  const silent = (): Logger => createLogger({ write: () => {} });
  const logging = (logger: Logger) => new ContainerModule(({ bind }) => void bind(LOGGER).toConstantValue(logger));

  test('LOGGER is the logger of the plugin, unless the option has one', async () => {
    const [bound, option] = [silent(), silent()];
    for (const container of [undefined, new Container()]) {
      if (container !== undefined) container.load(logging(bound));
      const common = container === undefined ? { modules: [logging(bound)] } : { container };
      const [fallback, options] = [silent(), { handshake, plugins, ...common }];
      assert.equal((await assemblePlugin(options).equip(fallback)).logger, bound);
      assert.equal((await assemblePlugin({ ...options, logger: option }).equip(fallback)).logger, option);
    }
  });

  test('the option `grpc` wins over GRPC_PLUGIN_OPTIONS, and both are refused beside GRPC_SERVER_PROTOCOL', async () => {
    const paths: string[] = [];
    const grpcOptions = (name: string) => ({ configure: () => void paths.push(name) });
    const module = new ContainerModule(({ bind }) => {
      bind(GRPC_PLUGIN_OPTIONS).toConstantValue(grpcOptions('module'));
    });
    const options = { modules: [module] };
    await (await createPluginPair({ grpc }, plugins, { ...options, serve: grpcOptions('option') })).dispose();
    assert.deepEqual(paths, ['option']);
    const own = new ContainerModule(({ bind }) => {
      bind(GRPC_SERVER_PROTOCOL).toConstantValue(grpcServerProtocol());
    });
    for (const unused of [{ grpc: {} }, { grpcEngine: 'native' as const }])
      await assert.rejects(assemblePlugin({ handshake, plugins, modules: [own], ...unused }).equip(silent()), {
        code: 'ERR_OPTIONS',
        message: /beside a binding of GRPC_SERVER_PROTOCOL/,
      });
  });
});
