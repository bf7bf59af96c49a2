import { fromJson } from '@bufbuild/protobuf';
import type { BrokerCall } from 'rxplug/testing';
import { UsageError } from '../process/exit-code.js';
import { callMethod, type DynamicMessage } from '../schema/dynamic-call.js';
import { parseJson } from '../schema/json-values.js';
import { readSchema } from '../schema/read-schema.js';
import { pathOf } from '../schema/schema.js';

/** Stands in a request for the id at which the plugin is to dial: `"$broker"`, which is right for numbers as well. */
const TOKEN = '$broker';

/** The call of `--call 'METHOD JSON'`, in which the plugin dials its host. Throws UsageError. */
export function brokerCallOf(text: string, descriptors: readonly string[]): BrokerCall {
  const [, name, json] = /^\s*(\S+)\s+(.+)$/s.exec(text) ?? [];
  if (name === undefined || json === undefined || !json.includes(TOKEN))
    throw new UsageError(`Expected --call to be a method and its request, as 'kv.v1.KV/Watch {"broker":"${TOKEN}"}'.`);
  parseJson(json);
  return async ({ channel, brokerId }) => {
    const schema = await readSchema(channel, descriptors);
    const [method, other] = schema.methodsNamed(name);
    if (method === undefined) throw new UsageError(`The plugin describes no method ${name}: give --descriptors FILE`);
    if (other !== undefined) throw new UsageError(`${name} may mean ${pathOf(method)} or ${pathOf(other)}`);
    const request = parseJson(json.replaceAll(TOKEN, String(brokerId)));
    const message = fromJson(method.input, request as never, { registry: schema.registry }) as DynamicMessage;
    for await (const _answer of callMethod(channel, method, only(message), {}));
  };
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}
