import type { Readable } from 'node:stream';
import { firstValueFrom, isObservable, type Observable, type ObservableInput } from 'rxjs';
import { OptionsError } from '../errors.js';
import { ReadableIterator } from '../streams/readable-iterator.js';

/** A stream of requests: pulled at the pace of the connection, and returned when the call ends first. */
export type RequestStream<Input> = AsyncIterable<Input> | Iterable<Input>;

/** The arguments of a call, with a stream of requests as an iterable. A message may look like an iterable, too: a string does. */
type PromiseArgs<Args extends readonly unknown[]> = {
  [Index in keyof Args]: Observable<never> extends Args[Index]
    ? Args[Index] extends ObservableInput<infer Input>
      ? RequestStream<Input>
      : Args[Index]
    : Args[Index];
};

/** A call whose `readable` may be missing is of a definition whose types do not tell the kind. */
type PromiseMethod<Method> = Method extends (...args: infer Args) => Observable<infer Message>
  ? 'readable' extends keyof Method
    ? undefined extends Method['readable']
      ? (...args: PromiseArgs<Args>) => Promise<Message> | AsyncIterable<Message>
      : (...args: PromiseArgs<Args>) => AsyncIterable<Message>
    : (...args: PromiseArgs<Args>) => Promise<Message>
  : Method;

/** The Promise form of a client: of `ClientOf<typeof KVDefinition>`, for instance. What is not a call stays as it is. */
export type PromiseClient<Client> = { readonly [Key in keyof Client]: PromiseMethod<Client[Key]> };

/**
 * A client whose calls are Promises and AsyncIterables, made from one whose calls are Observables. Arguments, options and errors are the
 * same; a stream of requests is an AsyncIterable or an Iterable. Throws OptionsError for what is not a client.
 *
 * - One response is a Promise. The call is made at once. A Promise that rejects and that nobody handles ends the process, as every
 *   other does.
 * - Many responses are an AsyncIterable, pulled at the reader's pace: a slow loop holds the sender back. Each loop makes a call of its
 *   own, when it begins; leaving it in any way cancels the call. Such calls do not pass through interceptors, as with `readable`.
 *
 * @example
 * ```ts
 * const plugins = { kv: grpcPlugin(KVDefinition, { view: promiseClient }) };
 * const kv = await client.dispense('kv');
 * const { value } = await kv.get({ key: 'a' }, { timeoutMs: 500 });
 * for await (const { key } of kv.watch({ prefix: '' })) if (key === 'b') break;
 * ```
 */
export function promiseClient<Client extends object>(client: Client): PromiseClient<Client> {
  // For JavaScript: a Promise of a client that was not awaited has no calls.
  if (typeof client !== 'object' || client === null || 'then' in client) {
    throw new OptionsError(
      'Expected `promiseClient` to be given a client: what `dispense` or `createGrpcClient` gave, awaited where it is a Promise.',
    );
  }
  const members = Reflect.ownKeys(client).map((key) => [key, promised(client, Reflect.get(client, key))] as const);
  // PromiseClient describes the same keys and kinds in types.
  return Object.fromEntries(members) as PromiseClient<Client>;
}

type Call = (...args: unknown[]) => unknown;

function promised(client: object, member: unknown): unknown {
  if (typeof member !== 'function') return member;
  const readable: unknown = Reflect.get(member, 'readable');
  if (typeof readable === 'function') return iterated(readable.bind(member) as Call);
  return (...args: unknown[]): unknown => {
    const result: unknown = (member as Call).apply(client, args);
    return isObservable(result) ? firstValueFrom(result) : result;
  };
}

function iterated(readable: Call): (...args: unknown[]) => AsyncIterable<unknown> {
  return (...args) => ({
    [Symbol.asyncIterator]: () => new ReadableIterator(() => readable(...args) as Readable),
  });
}
