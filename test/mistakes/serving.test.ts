import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container, ContainerModule, inject, injectable } from 'inversify';
import { firstValueFrom, type Observable } from 'rxjs';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { GreeterDefinition } from '../../examples/gen/greeter.js';
import { injectPlugin, pluginHostModule } from '../../src/di/index.js';
import { createClient, grpcPlugin, implement, PluginService, serveTest } from '../../src/index.js';
import { Greeter, GreetRequestSchema, GreetResponseSchema } from '../generators/gen/greeter_pb.js';
import { anotherCopyOf } from '../support/another-copy.js';
import { clientOf, type Mistake, testMistakes } from './mistakes.js';

/** Serves what cannot be served. */
async function serving(options: object): Promise<never> {
  await using serving = await serveTest({ handshake, ...options } as Parameters<typeof serveTest>[0]);
  throw new Error(`it is served at ${serving.reattach.address}`);
}

class Unmarked {
  greet() {
    return { greeting: '' };
  }
}

const STORE = Symbol('store');

@PluginService(GreeterDefinition)
class Unbound {
  constructor(@inject(STORE) readonly store: unknown) {}
  greet() {
    return { greeting: '' };
  }
}

class Importer {
  constructor(@injectPlugin('stroe') readonly store: unknown) {}
}

@injectable()
class Hen {
  constructor(@inject('Egg') readonly egg: unknown) {}
}

@injectable()
class Egg {
  constructor(@inject('Hen') readonly hen: unknown) {}
}

@PluginService(GreeterDefinition)
class Circular {
  constructor(@inject('Hen') readonly hen: unknown) {}
  greet() {
    return { greeting: '' };
  }
}

const circle = new ContainerModule(({ bind }) => {
  bind('Hen').to(Hen);
  bind('Egg').to(Egg);
});

const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'no handshake',
    make: () => serving({ handshake: undefined, plugins: {} }),
    message: 'Expected `handshake`: the cookie and the version that plugin and host share.',
  },
  {
    mistake: 'no plugin set',
    make: () => serving({ plugins: null }),
    message: 'Expected a plugin set to be an object with implementations by name, got null.',
  },
  {
    mistake: 'a method is missing',
    make: () => serving({ plugins: { greeter: implement(plugins.greeter, {} as never) } }),
    message: 'The implementation of greeter.v1.Greeter lacks greet: every method needs a function.',
  },
  {
    mistake: 'a class without @PluginService',
    make: () => serving({ plugins: { greeter: Unmarked } }),
    message:
      'The class Unmarked is not marked as a plugin service. Put @PluginService(definition) on it, or @NetRpcService().',
  },
  {
    mistake: 'an instance in place of a class',
    make: () => serving({ plugins: { greeter: new Unmarked() } }),
    message:
      'Expected `greeter` of the plugin set to be a class marked with `@PluginService`, or what `implement(contract, service)` returns.',
  },
  {
    mistake: 'no plugins',
    make: () => serving({}),
    message: 'Expected `plugins` or `versionedPlugins` to name at least one plugin.',
  },
  {
    mistake: 'a dependency that nothing is bound to',
    make: () => serving({ plugins: { greeter: Unbound } }),
    message:
      'No bindings found for service: "Symbol(store)".\n\nTrying to resolve bindings for "Unbound".\n\nBinding constraints:\n- service identifier: Symbol(store)\n- name: -',
  },
  {
    mistake: 'dependencies in a circle',
    make: () => serving({ plugins: { greeter: Circular }, modules: [circle] }),
    message: 'Circular dependency found: Circular -> Hen -> Egg -> Hen',
  },
  {
    mistake: 'an asynchronous binding that is read synchronously',
    make: () => {
      const container = new Container();
      container.bind(STORE).toDynamicValue(async () => 1);
      container.bind(Unbound).toSelf();
      return container.get(Unbound);
    },
    message: 'Unexpected asynchronous service when resolving service "Unbound"',
  },
  {
    mistake: 'a misspelt name of @injectPlugin',
    make: () => {
      const container = new Container();
      container.load(pluginHostModule({ store: { command: ['./store'], handshake, plugins } }));
      container.bind(Importer).toSelf();
      return container.getAsync(Importer);
    },
    message:
      'There is no plugin `stroe` for @injectPlugin. Bound are `store`, `store.greeter`: correct the name, or load a pluginHostModule with such a process first.',
  },
  {
    mistake: 'a contract of something that is no definition',
    make: () => grpcPlugin({ name: 'Greeter' } as never),
    message:
      'Expected a service definition: what ts-proto generates with `outputServices=generic-definitions`, a service of protoc-gen-es 2, or what `fromGrpcJs` (rxplug/grpc) makes of a definition for grpc-js or of proto-loader. Got object.',
  },
  {
    mistake: 'a contract of the methods alone',
    make: () => grpcPlugin(GreeterDefinition.methods as never),
    message:
      'Expected a service definition: what ts-proto generates with `outputServices=generic-definitions`, a service of protoc-gen-es 2, or what `fromGrpcJs` (rxplug/grpc) makes of a definition for grpc-js or of proto-loader. Got object.',
  },
  {
    mistake: 'a string for the command',
    make: () => clientOf({ command: 'node plugin.js' }),
    message: 'Expected `command` to be a non-empty array of strings: the file to run, then its arguments.',
  },
  {
    mistake: 'no command',
    make: () => clientOf({}),
    message: 'Expected exactly one of `command`, `runner`, `reattach`, `sidecar` and `endpoint`, got none.',
  },
];

testMistakes(MISTAKES);

const inversify = anotherCopyOf('inversify') as typeof import('inversify');
const another = new inversify.Container();
another.bind(STORE).toConstantValue(1);
for (const [what, options] of [
  ['module', { modules: [new inversify.ContainerModule(({ bind }) => void bind(STORE).toConstantValue(1))] }],
  ['container', { container: another }],
] as const)
  test(`a ${what} of another copy of inversify is no mistake`, async () => {
    await using served = await serveTest({
      handshake,
      plugins: { greeter: Unbound },
      ...options,
    } as unknown as Parameters<typeof serveTest>[0]);
    await served.close();
  });

test('an Observable of another copy of rxjs is no mistake', async () => {
  const rxjs = anotherCopyOf('rxjs') as typeof import('rxjs');
  const greeter = implement(plugins.greeter, { greet: ({ name }) => rxjs.of({ greeting: `Hello ${name}!` }) as never });
  await using served = await serveTest({ handshake, plugins: { greeter } });
  await using client = clientOf({ reattach: served.reattach });
  await client.start();
  const { greet } = await client.dispense('greeter');
  assert.equal((await firstValueFrom(greet({ name: 'Ada' }))).greeting, 'Hello Ada!');
});

test('messages of another copy of @bufbuild/protobuf are no mistake', async () => {
  const { create } = anotherCopyOf('@bufbuild/protobuf') as typeof import('@bufbuild/protobuf');
  const contract = grpcPlugin(Greeter);
  const greeter = implement(contract, {
    greet: ({ name }) => create(GreetResponseSchema as never, { greeting: `Hello ${name}!` } as never) as never,
  });
  await using served = await serveTest({ handshake, plugins: { greeter } });
  await using client = createClient({ reattach: served.reattach, handshake, plugins: { greeter: contract } });
  await client.start();
  const { greet } = await client.dispense('greeter');
  const request = create(GreetRequestSchema as never, { name: 'Ada' } as never) as never;
  assert.equal((await firstValueFrom(greet(request))).greeting, 'Hello Ada!');
});

test('generated code with another copy of @bufbuild/protobuf is no mistake', async () => {
  const { BinaryReader, BinaryWriter } = anotherCopyOf(
    '@bufbuild/protobuf/wire',
  ) as typeof import('@bufbuild/protobuf/wire');
  const { requestType, responseType } = GreeterDefinition.methods.greet;
  /** As ts-proto generates it: another copy's reader is taken for bytes. */
  const fromOther = <T>(type: {
    encode(message: T): { finish(): Uint8Array };
    decode(bytes: Uint8Array): T;
    fromPartial(input: Partial<T>): T;
  }) => ({
    fromPartial: (input: Partial<T>) => type.fromPartial(input),
    encode: (message: T, writer = new BinaryWriter()) => writer.raw(type.encode(message).finish()),
    decode(input: Uint8Array, length?: number): T {
      const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
      const end = length === undefined ? reader.len : reader.pos + length;
      return type.decode((reader as unknown as { readonly buf: Uint8Array }).buf.subarray(reader.pos, end));
    },
  });
  const greet = {
    ...GreeterDefinition.methods.greet,
    requestType: fromOther(requestType),
    responseType: fromOther(responseType),
  };
  const contract = grpcPlugin({ ...GreeterDefinition, methods: { greet } });
  const greeter = implement(contract, {
    greet: ({ name }: { name: string }) => ({ greeting: `Hello ${name}!` }),
  } as never);
  await using served = await serveTest({ handshake, plugins: { greeter } });
  await using client = createClient({ reattach: served.reattach, handshake, plugins: { greeter: contract } });
  await client.start();
  const dispensed = (await client.dispense('greeter')) as unknown as {
    greet(request: object): Observable<{ greeting: string }>;
  };
  assert.equal((await firstValueFrom(dispensed.greet({ name: 'Ada' }))).greeting, 'Hello Ada!');
});
