import { createReadStream } from 'node:fs';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { jsonValues } from '../schema/json-values.js';

/** A call of a script. */
export interface ScriptedCall {
  readonly method: string;
  readonly requests: readonly unknown[];
}

/** The calls of a file, one JSON object after another. Throws UsageError for what is none. */
export async function* scriptedCalls(file: string, { stdin }: CliContext): AsyncGenerator<ScriptedCall> {
  let number = 0;
  for await (const value of jsonValues(file === '-' ? stdin : chunksOf(file))) yield toCall(value, ++number);
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new UsageError(`Cannot read the script ${file}: ${(error as Error).message}`);
  }
}

function toCall(value: unknown, number: number): ScriptedCall {
  const { method, request, requests, ...others } = (value ?? {}) as Record<string, unknown>;
  const isOne =
    typeof method === 'string' &&
    Object.keys(others).length === 0 &&
    !(request !== undefined && requests !== undefined);
  if (isOne && (requests === undefined || Array.isArray(requests))) {
    return { method, requests: requests ?? (request === undefined ? [] : [request]) };
  }
  throw new UsageError(
    `Call ${number} of the script is none. Expected {"method": "Name", "request": {}}, or "requests" with an array; got ${JSON.stringify(value)}.`,
  );
}
