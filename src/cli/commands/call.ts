import { once } from 'node:events';
import { type DescMethod, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { CallOptions } from 'rxplug';
import { Metadata } from 'rxplug/grpc';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { answersOnce, callMethod, type DynamicMessage, takesOne } from '../schema/dynamic-call.js';
import { jsonValues, parseJson } from '../schema/json-values.js';
import { readSchema } from '../schema/read-schema.js';
import { pathOf, type Schema } from '../schema/schema.js';
import { parsePair, type TargetFlags } from '../target/options.js';
import { withPlugin } from '../target/started-plugin.js';
import { resolveWords } from '../target/words.js';

export interface CallFlags extends TargetFlags {
  readonly metadata?: readonly string[];
  readonly deadline?: number;
  readonly emitDefaults: boolean;
  readonly ignoreUnknown: boolean;
}

/** `rxplug call PROGRAM METHOD [JSON...]`, or `rxplug call METHOD [JSON...] -- PROGRAM ARGUMENT...`. */
export const call = reporting(async function (
  this: CliContext,
  flags: CallFlags,
  ...words: readonly string[]
): Promise<void> {
  const { target, rest } = await resolveWords(this, flags, words);
  const [method, ...requests] = rest;
  if (method === undefined) throw new UsageError('Expected a method, as kv.v1.KV/Get or Get.');
  await withPlugin(target, flags, this, async ({ channel }) => {
    const schema = await readSchema(channel, flags.descriptors ?? []);
    const found = onlyMethod(schema, method);
    const messages = callMethod(channel, found, requestsOf(this, schema, found, requests, flags), optionsOf(flags));
    for await (const message of messages) await print(this, schema, found, message, flags);
  });
});

function onlyMethod(schema: Schema, name: string): DescMethod {
  const [found, ...others] = schema.methodsNamed(name);
  if (found === undefined) {
    throw new UsageError(`The plugin has no method ${name}. ${describeMethods(schema)}`);
  }
  if (others.length === 0) return found;
  throw new UsageError(`${name} may mean ${[found, ...others].map(pathOf).join(', ')}. Give the whole name.`);
}

function describeMethods({ services, missing }: Schema): string {
  const methods = [...services.values()].flatMap((service) => service?.methods ?? []).map(pathOf);
  const unknown = [...services].filter(([, service]) => service === undefined).map(([name]) => name);
  const lacking = [...unknown, ...new Set(missing.values())];
  const hint = lacking.length === 0 ? '' : `\nIt does not describe ${lacking.join(', ')}: give --descriptors FILE.`;
  return `It has:\n  ${methods.join('\n  ')}${hint}`;
}

/** The requests of the command line; `-` reads them from stdin. A method that takes one gets `{}` where none is given. */
async function* requestsOf(
  { stdin }: CliContext,
  { registry }: Schema,
  method: DescMethod,
  texts: readonly string[],
  { ignoreUnknown }: CallFlags,
): AsyncGenerator<DynamicMessage> {
  const single = takesOne(method);
  if (single && texts.length > 1) throw new UsageError(`${pathOf(method)} takes one request, got ${texts.length}.`);
  for (const text of single && texts.length === 0 ? ['{}'] : texts) {
    const values = text === '-' ? jsonValues(stdin) : [parseJson(text)];
    for await (const value of values) yield toMessage(value);
  }

  function toMessage(value: unknown): DynamicMessage {
    try {
      return fromJson(method.input, value as JsonValue, {
        registry,
        ignoreUnknownFields: ignoreUnknown,
      }) as DynamicMessage;
    } catch (error) {
      throw new UsageError(`The request is no ${method.input.typeName}: ${(error as Error).message}`);
    }
  }
}

function optionsOf({ metadata: pairs = [], deadline }: CallFlags): CallOptions {
  const metadata = new Metadata();
  for (const pair of pairs) {
    const [key, value] = parsePair(pair, '--metadata');
    metadata.add(key, key.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  }
  return { metadata, ...(deadline === undefined ? {} : { timeoutMs: deadline }) };
}

/** A single answer is indented; each message of a stream is a line. */
async function print(
  { process: { stdout } }: CliContext,
  { registry }: Schema,
  method: DescMethod,
  message: DynamicMessage,
  { emitDefaults }: CallFlags,
): Promise<void> {
  const json = toJson(method.output, message, { registry, alwaysEmitImplicit: emitDefaults });
  const text = `${JSON.stringify(json, undefined, answersOnce(method) ? 2 : 0)}\n`;
  if (stdout.write(text) === false && 'once' in stdout) await once(stdout as unknown as NodeJS.WriteStream, 'drain');
}
