import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DescMethod, type DescService, fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { firstValueFrom, from, type Observable, ReplaySubject, Subscription, toArray } from 'rxjs';
import { fromProtobufEs, type GrpcBroker, GrpcError, status } from 'rxplug/grpc';
import { UsageError } from '../process/exit-code.js';
import { answersOnce, takesOne } from '../schema/dynamic-call.js';
import type { Schema } from '../schema/schema.js';
import { parsePair } from '../target/options.js';

/** A function of a stub: a request as JSON, an array of them where the method takes a stream; the answer likewise. */
type Stub = (request: JsonValue) => unknown;

interface Lent {
  readonly service: DescService;
  readonly stubs: Readonly<Record<string, unknown>>;
}

const TOKEN = '$lend:';

/** Serves stubs of the host's services to the plugin, through the broker. */
export class Lender {
  readonly #broker: GrpcBroker;
  readonly #schema: Schema;
  readonly #lent = new Map<string, Lent>();
  readonly #servings = new Subscription();

  private constructor(broker: GrpcBroker, schema: Schema) {
    this.#broker = broker;
    this.#schema = schema;
  }

  /** Loads `Service=FILE` pairs. Throws UsageError for a service that nobody describes, and for a file that cannot be imported. */
  static async load(pairs: readonly string[], broker: GrpcBroker, schema: Schema): Promise<Lender> {
    const lender = new Lender(broker, schema);
    for (const pair of pairs) {
      const [name, file] = parsePair(pair, '--lend');
      lender.#lent.set(name, { service: describedService(schema, name), stubs: await importStubs(file) });
    }
    return lender;
  }

  /** A copy of a JSON value with an id in the place of each `"$lend:Service"`. An id is for one use, so that each gets its own. */
  async withIds(value: unknown): Promise<unknown> {
    if (typeof value === 'string' && value.startsWith(TOKEN)) return await this.#serve(value.slice(TOKEN.length));
    if (Array.isArray(value)) return await Promise.all(value.map((one) => this.withIds(one)));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(async ([key, one]) => [key, await this.withIds(one)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  close(): void {
    this.#servings.unsubscribe();
  }

  async #serve(name: string): Promise<number> {
    const lent = this.#lent.get(name);
    if (lent === undefined) throw new UsageError(`${TOKEN}${name} wants --lend ${name}=FILE.`);
    const definition = await fromProtobufEs(lent.service);
    const handlers = Object.fromEntries(
      lent.service.methods.map((method) => [method.localName, this.#handler(method, lent)]),
    );
    const served = new ReplaySubject<number>(1);
    const serving$ = this.#broker.acceptAndServe(this.#broker.nextId(), (server) =>
      server.addService(definition, handlers as never),
    );
    this.#servings.add(serving$.subscribe(served));
    return await firstValueFrom(served);
  }

  #handler(method: DescMethod, { stubs }: Lent): (request: Message | Observable<Message>) => unknown {
    const stub = stubs[method.name] ?? stubs[method.localName];
    const { registry } = this.#schema;
    const given = (message: Message): JsonValue => toJson(method.input, message as never, { registry });
    const answer = (value: unknown): Message => fromJson(method.output, (value ?? {}) as JsonValue, { registry });
    const call = async (request: Message | Observable<Message>): Promise<unknown> => {
      if (typeof stub !== 'function')
        throw new GrpcError(status.UNIMPLEMENTED, `The stub has no function ${method.name}.`);
      const values = takesOne(method)
        ? given(request as Message)
        : (await firstValueFrom((request as Observable<Message>).pipe(toArray()))).map(given);
      return await (stub as Stub)(values);
    };
    if (answersOnce(method)) return async (request) => answer(await call(request));
    return (request) => from(answersOf(call(request), answer));
  }
}

async function* answersOf(values: Promise<unknown>, answer: (value: unknown) => Message): AsyncGenerator<Message> {
  for await (const value of (await values) as AsyncIterable<unknown> | Iterable<unknown>) yield answer(value);
}

function describedService({ registry }: Schema, name: string): DescService {
  const all = [...registry].filter((type): type is DescService => type.kind === 'service');
  const exact = registry.getService(name);
  const [found, ...others] =
    exact === undefined ? all.filter(({ typeName }) => typeName.endsWith(`.${name}`)) : [exact];
  if (found !== undefined && others.length === 0) return found;
  const why =
    found === undefined
      ? 'is not described: give its whole name, or --descriptors FILE'
      : 'may mean several services: give its whole name';
  throw new UsageError(`The service ${name} of --lend ${why}.`);
}

async function importStubs(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
    return typeof module['default'] === 'object' && module['default'] !== null
      ? { ...module, ...module['default'] }
      : module;
  } catch (error) {
    throw new UsageError(`Cannot load the stub ${file}: ${(error as Error).message}`);
  }
}
