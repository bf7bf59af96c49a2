import { once } from 'node:events';
import { type DescMethod, fromJson, type JsonReadOptions, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { CallOptions } from 'rxplug';
import { type GrpcChannel, GrpcError, Metadata } from 'rxplug/grpc';
import type { CliContext } from '../process/context.js';
import { CommandFailure, UsageError } from '../process/exit-code.js';
import { statusFailure } from '../process/failure.js';
import { answersOnce, callMethod, type DynamicMessage, takesOne } from '../schema/dynamic-call.js';
import { wrongField } from '../schema/field-path.js';
import { pathOf, type Schema } from '../schema/schema.js';
import { statusDetails } from '../schema/status-details.js';
import { parsePair } from '../target/options.js';
import { visible, visibleLine } from '../terminal/visible.js';
import type { CallFlags } from './flags.js';
import type { Lender } from './lender.js';

/** Calls methods of one plugin with JSON, and prints the answers. */
export class Caller {
  readonly #context: CliContext;
  readonly #channel: GrpcChannel;
  readonly #schema: Schema;
  readonly #lender: Lender;
  readonly #flags: CallFlags;

  constructor(context: CliContext, channel: GrpcChannel, schema: Schema, lender: Lender, flags: CallFlags) {
    this.#context = context;
    this.#channel = channel;
    this.#schema = schema;
    this.#lender = lender;
    this.#flags = flags;
  }

  /**
   * Calls the method that a name means with requests, of which as many as `count` were given. Throws UsageError for what is no method or no
   * request of it, CommandFailure for a status that is not OK.
   */
  async call(name: string, values: AsyncIterable<unknown>, count: number): Promise<void> {
    const method = this.#methodNamed(name);
    if (count > 1 && takesOne(method)) throw new UsageError(`${pathOf(method)} takes one request, got ${count}.`);
    try {
      const requests = this.#requests(method, values);
      for await (const message of callMethod(this.#channel, method, requests, this.#options())) {
        await this.#print(method, message);
      }
    } catch (error) {
      throw GrpcError.is(error) ? await this.#failure(error) : error;
    }
  }

  #methodNamed(name: string): DescMethod {
    const [found, ...others] = this.#schema.methodsNamed(name);
    if (found === undefined)
      throw new UsageError(`The plugin has no method ${name}. ${otherMethods(this.#schema, name)}`);
    if (others.length === 0) return found;
    throw new UsageError(
      `${name} may mean:\n  ${[found, ...others].map(pathOf).join('\n  ')}\nGive as much of the name as only one has.`,
    );
  }

  async *#requests(method: DescMethod, values: AsyncIterable<unknown>): AsyncGenerator<DynamicMessage> {
    let isEmpty = true;
    for await (const value of values) {
      isEmpty = false;
      yield this.#toMessage(method, await this.#lender.withIds(value));
    }
    if (isEmpty && takesOne(method)) yield this.#toMessage(method, {});
  }

  #toMessage({ input }: DescMethod, value: unknown): DynamicMessage {
    const { registry } = this.#schema;
    const options: Partial<JsonReadOptions> = { registry, ignoreUnknownFields: this.#flags.ignoreUnknown };
    try {
      return fromJson(input, value as JsonValue, options) as DynamicMessage;
    } catch (error) {
      const path = wrongField(input, value as JsonValue, options);
      const where = path === '' ? '' : `, at ${path}`;
      throw new UsageError(`The request is no ${input.typeName}${where}: ${(error as Error).message}`);
    }
  }

  #options(): CallOptions {
    const { metadata: pairs = [], deadline, verbose = 0 } = this.#flags;
    const metadata = new Metadata();
    for (const pair of pairs) {
      const [key, value] = parsePair(pair, '--metadata');
      metadata.add(key, key.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    }
    return {
      metadata,
      ...(deadline === undefined ? {} : { timeoutMs: deadline }),
      ...(verbose === 0 ? {} : { onTrailers: (trailers) => this.#printTrailers(trailers) }),
    };
  }

  #printTrailers(trailers: Metadata): void {
    for (const [key, values] of Object.entries(trailers.toHttp2Headers())) {
      for (const value of [values ?? []].flat())
        this.#context.process.stderr.write(`trailer ${visibleLine(`${key}: ${value}`)}\n`);
    }
  }

  /** A single answer is indented; each message of a stream is a line. */
  async #print(method: DescMethod, message: DynamicMessage): Promise<void> {
    const { stdout } = this.#context.process;
    const { registry } = this.#schema;
    const json = toJson(method.output, message, { registry, alwaysEmitImplicit: this.#flags.emitDefaults });
    const indent = answersOnce(method) && this.#flags.script === undefined && !this.#flags.json ? 2 : 0;
    // Nothing in an answer is to drive a terminal: JSON leaves some control characters as they are.
    const text = `${visible(JSON.stringify(json, undefined, indent))}\n`;
    if (stdout.write(text) === false && 'once' in stdout) await once(stdout as unknown as NodeJS.WriteStream, 'drain');
  }

  /** The status, and a line for each detail that came with it. */
  async #failure(error: GrpcError): Promise<CommandFailure> {
    const { exitCode, message } = statusFailure(error);
    const encoded = error.statusDetails;
    if (encoded === undefined) return new CommandFailure(exitCode, message);
    const details = await statusDetails(encoded, this.#schema.registry, this.#channel);
    const lines = details.map(
      ({ type, json }) => `detail ${visibleLine(`${type} ${json ?? '(the plugin does not describe it)'}`)}`,
    );
    return new CommandFailure(exitCode, [message, ...lines].join('\n'));
  }
}

/** What was meant, or everything that there is. */
function otherMethods({ services, missing }: Schema, name: string): string {
  const methods = [...services.values()].flatMap((service) => service?.methods ?? []).map(pathOf);
  const wanted = name.toLowerCase().replace('.', '/');
  const meant = methods.filter((path) => path.toLowerCase().endsWith(wanted));
  if (meant.length > 0) return `Did you mean ${meant.join(' or ')}?`;
  const unknown = [...services].filter(([, service]) => service === undefined).map(([name]) => name);
  const lacking = [...unknown, ...new Set(missing.values())];
  const hint = lacking.length === 0 ? '' : `\nIt does not describe ${lacking.join(', ')}: give --descriptors FILE.`;
  return `It has:\n  ${methods.join('\n  ')}${hint}`;
}
