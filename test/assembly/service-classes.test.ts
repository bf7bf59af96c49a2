import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inject, injectable, injectFromBase, postConstruct } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition, type GreetRequest } from '../../examples/gen/greeter.js';
import { isInjectedClass } from '../../src/assembly/injected-class.js';
import { contractOf, LOGGER, NetRpcService } from '../../src/di/index.js';
import { grpcPlugin, type Logger, PluginService, type ServiceClass, type ServiceOf } from '../../src/index.js';
import { createPluginPair } from '../../src/testing/index.js';

const contract = grpcPlugin(GreeterDefinition);
type Greeter = ServiceOf<typeof GreeterDefinition>;

/** What a class greets with, served without modules and without a container of the application. */
async function greetingOf(service: ServiceClass<Greeter>): Promise<string> {
  await using pair = await createPluginPair({ greeter: contract }, { greeter: service });
  const { greeting } = await firstValueFrom((await pair.dispense('greeter')).greet({ name: 'Ada' }));
  return greeting;
}

@PluginService(GreeterDefinition)
class Plain implements Greeter {
  greet({ name }: GreetRequest) {
    return { greeting: `Hello ${name}` };
  }
}

class Logging {
  @inject(LOGGER) protected readonly log!: Logger;
}

describe('a service class without modules', () => {
  test('that injects nothing is made with `new`', async () => {
    assert.equal(isInjectedClass(Plain), false);
    assert.equal(await greetingOf(Plain), 'Hello Ada');
  });

  test('gets what its properties inject, and what those of its base class do', async () => {
    @PluginService(GreeterDefinition)
    class Own extends Logging implements Greeter {
      @inject(LOGGER) private readonly own!: Logger;
      greet() {
        return { greeting: typeof this.own.info };
      }
    }
    @PluginService(GreeterDefinition)
    @injectFromBase({ extendProperties: true })
    class Inherited extends Logging implements Greeter {
      greet() {
        return { greeting: typeof this.log.info };
      }
    }
    for (const service of [Own, Inherited]) assert.equal(await greetingOf(service), 'function');
  });

  test('is initialised by @postConstruct, and may be @injectable alone', async () => {
    @PluginService(GreeterDefinition)
    class Initialised implements Greeter {
      #phrase = '';
      @postConstruct()
      async initialise() {
        this.#phrase = await Promise.resolve('ready');
      }
      greet() {
        return { greeting: this.#phrase };
      }
    }
    assert.equal(await greetingOf(Initialised), 'ready');
    @injectable()
    class Injectable {}
    assert.equal(isInjectedClass(Injectable), true);
  });

  test('whose base class alone was decorated counts as injected', () => {
    class Derived extends Logging {}
    assert.equal(isInjectedClass(Derived), true);
  });

  test('whose constructor takes arguments that nothing injects is refused by its name', async () => {
    @PluginService(GreeterDefinition)
    class Undecorated extends Plain {
      constructor(readonly phrase: string) {
        super();
      }
    }
    await assert.rejects(greetingOf(Undecorated as ServiceClass<Greeter>), {
      code: 'ERR_OPTIONS',
      message: /constructor of the class Undecorated takes arguments.*@inject/,
    });
  });
});

test('the mark is on the class itself: it can be read and replaced, and a subclass has none', () => {
  class Marked extends Plain {}
  assert.throws(() => contractOf(Marked), /Marked is not marked/);
  const own = grpcPlugin(GreeterDefinition);
  PluginService(own)(Marked);
  assert.equal(contractOf(Marked), own);
  PluginService(contract)(Marked);
  assert.equal(contractOf(Marked), contract);
  assert.deepEqual(Object.keys(Marked), []);
});

test('a class decorator on a member is refused, with both kinds of decorators', () => {
  const greet = () => ({});
  for (const [name, decorator] of [
    ['@PluginService', PluginService(GreeterDefinition)],
    ['@NetRpcService', NetRpcService()],
  ] as const) {
    const decorate = decorator as (...args: readonly unknown[]) => void;
    for (const args of [
      [Plain.prototype, 'greet', {}],
      [class {}, 'greet', {}],
      [greet, { kind: 'method', name: 'greet' }],
      [undefined, { kind: 'field', name: 'greet' }],
    ])
      assert.throws(() => decorate(...args), {
        name: 'OptionsError',
        message: `${name} marks a class, and was put on its member \`greet\`: put it above \`class\`.`,
      });
    assert.throws(() => decorate({}), { message: new RegExp(`^${name} marks a class, and was put on something else`) });
  }
  class Standard {}
  (PluginService(GreeterDefinition) as (...args: readonly unknown[]) => void)(Standard, { kind: 'class', name: 'S' });
  assert.equal(contractOf(Standard).protocols.length > 0, true);
});
