import { text } from 'node:stream/consumers';
import { firstValueFrom, type Observable, timeout } from 'rxjs';
import { gob } from 'rxplug/net-rpc';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import type { NetRpcStarted } from '../target/started-plugin.js';
import { visible } from '../terminal/visible.js';
import { anyJson } from './any-json.js';
import { type GoType, NAMED_TYPES } from './go-types.js';
import { parseGoType } from './parse-go-type.js';

/** The flags of a call over net/rpc. */
export interface NetRpcCallFlags {
  readonly args?: string;
  readonly reply?: string;
  readonly deadline?: number;
  readonly metadata?: readonly string[];
  readonly script?: string;
  readonly lend?: readonly string[];
  readonly json: boolean;
}

/** Calls a method of the object that `--dispense` names, and prints the reply. The reply describes itself. */
export async function callNetRpc(
  { process: { stdout }, stdin }: CliContext,
  plugin: NetRpcStarted,
  method: string | undefined,
  requests: readonly string[],
  flags: NetRpcCallFlags,
): Promise<void> {
  if (plugin.objectName === undefined)
    throw new UsageError(
      "The plugin speaks net/rpc, which has no reflection. Give --dispense NAME: its host's source has the name, as a key of the plugin set.",
    );
  for (const name of ['metadata', 'script', 'lend'] as const) {
    if (flags[name] !== undefined) throw new UsageError(`Expected no --${name}: the plugin speaks net/rpc.`);
  }
  if (method === undefined) throw new UsageError('Expected a method, as Plugin.Get or Get.');
  if (requests.length > 1) throw new UsageError(`A method of net/rpc takes one request, got ${requests.length}.`);
  const given = requests[0] === '-' ? await text(stdin) : requests[0];
  const json = given === undefined ? undefined : parse(given);
  const type = flags.args === undefined ? typeOf(json) : parseGoType(flags.args);
  const args = json === undefined ? type.zero : type.fromJson(json, 'the request');
  const reply = flags.reply === undefined ? gob.any : parseGoType(flags.reply).schema;
  const object = await plugin.dispense();
  const name = method.includes('.') ? method : `Plugin.${method}`;
  const answer = await firstValueFrom(bounded(object.call(name, type.schema, args, reply), flags.deadline));
  // JSON leaves some control characters of an answer as they are.
  stdout.write(`${visible(JSON.stringify(anyJson(answer), undefined, flags.json ? 0 : 2))}\n`);
}

function bounded<T>(answer$: Observable<T>, deadlineMs: number | undefined): Observable<T> {
  return deadlineMs === undefined ? answer$ : answer$.pipe(timeout(deadlineMs));
}

function parse(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new UsageError(`The request is no JSON: ${(error as Error).message}`);
  }
}

/** What JSON says of a type by itself: nothing about that of an object or a list. */
function typeOf(json: unknown): GoType {
  const isEmpty = json === undefined || json === null || JSON.stringify(json) === '{}';
  const name = isEmpty
    ? 'empty'
    : { string: 'string', boolean: 'bool', number: numberType(json) }[typeof json as string];
  const type = name === undefined ? undefined : NAMED_TYPES.get(name);
  if (type !== undefined) return type;
  throw new UsageError(
    "Give --args TYPE, the type of the request in Go's syntax, as --args 'struct{ Key string; Value []byte }'.",
  );
}

function numberType(json: unknown): string {
  return Number.isInteger(json) ? 'int' : 'float64';
}
