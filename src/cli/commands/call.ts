import { Caller } from '../call/caller.js';
import type { CallFlags } from '../call/flags.js';
import { Lender } from '../call/lender.js';
import { scriptedCalls } from '../call/script.js';
import { callNetRpc } from '../net-rpc/call.js';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { reporting } from '../process/failure.js';
import { jsonValues, parseJson } from '../schema/json-values.js';
import { readSchema } from '../schema/read-schema.js';
import { parsePair } from '../target/options.js';
import { type GrpcStarted, withPlugin } from '../target/started-plugin.js';
import { resolveWords } from '../target/words.js';

/** `rxplug call PROGRAM METHOD [JSON...]`, or `rxplug call METHOD [JSON...] -- PROGRAM ARGUMENT...`. */
export const call = reporting(async function (
  this: CliContext,
  flags: CallFlags,
  ...words: readonly string[]
): Promise<void> {
  const { target, rest } = await resolveWords(this, flags, words);
  const [method, ...requests] = rest;
  checkWords(method, flags);
  await withPlugin(target, flags, this, (plugin) =>
    plugin.protocol === 'netrpc'
      ? callNetRpc(this, plugin, method, requests, flags)
      : callGrpc(this, plugin, method, requests, flags),
  );
});

async function callGrpc(
  context: CliContext,
  { client, channel }: GrpcStarted,
  method: string | undefined,
  requests: readonly string[],
  flags: CallFlags,
): Promise<void> {
  const { descriptors = [], lend = [], script } = flags;
  const lentServices = lend.map((pair) => parsePair(pair, '--lend')[0]);
  const schema = await readSchema(channel, descriptors, lentServices);
  const lender = await Lender.load(lend, client.broker, schema);
  const caller = new Caller(context, channel, schema, lender, flags);
  try {
    if (script === undefined) await caller.call(method!, valuesOf(context, requests), requests.length);
    else await runScript(context, caller, script);
  } finally {
    lender.close();
  }
}

function checkWords(method: string | undefined, { script }: CallFlags): void {
  if (method === undefined && script === undefined) {
    throw new UsageError('Expected a method, as kv.v1.KV/Get or Get.');
  }
  if (method !== undefined && script !== undefined) {
    throw new UsageError(`The methods are those of --script: expected no other, got ${method}.`);
  }
}

/** The first call that fails ends the script. */
async function runScript(context: CliContext, caller: Caller, script: string): Promise<void> {
  for await (const { method, requests } of scriptedCalls(script, context)) {
    await caller.call(method, eachOf(requests), requests.length);
  }
}

async function* eachOf(values: readonly unknown[]): AsyncGenerator<unknown> {
  yield* values;
}

/** The requests of the command line; `-` reads them from stdin. */
async function* valuesOf({ stdin }: CliContext, texts: readonly string[]): AsyncGenerator<unknown> {
  for (const text of texts) {
    if (text === '-') yield* jsonValues(stdin);
    else yield parseJson(text);
  }
}
