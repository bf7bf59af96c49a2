/** Compiled, never run: what schemas infer, and what must not type-check. */
import { createGobDecoder, createGobEncoder, type GobSchema, type GobType, gob } from '../../src/wire/gob/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T | undefined => undefined;

const Item = gob.struct('Item', { N: gob.int, Tags: gob.slice(gob.string) });
const PutArgs = gob.struct('PutArgs', {
  Key: gob.string,
  Value: gob.bytes,
  Items: gob.map(gob.string, Item),
  ByNumber: gob.map(gob.int, gob.float),
  Big: gob.int64,
  Exact: gob.uintExact,
  Parent: gob.pointer(Item),
  Note: gob.optional(gob.string),
  At: gob.time,
  On: gob.date,
  C: gob.complex,
  Triple: gob.array(3, gob.bool),
});

type Args = GobType<typeof PutArgs>;
type ItemValue = { N: number; Tags: string[] };
is<Equal<GobType<typeof Item>, ItemValue>>();
is<Equal<Args['Items'], Record<string, ItemValue>>>();
is<Equal<Args['ByNumber'], Map<number, number>>>();
is<Equal<Args['Big'], bigint>>();
is<Equal<Args['Exact'], number | bigint>>();
is<Equal<Args['Parent'], ItemValue | null>>();
is<Equal<Args['Note'], string | undefined>>();
is<Equal<Args['On'], Date>>();
is<Equal<Args['Triple'], boolean[]>>();
is<Equal<Pick<Args, 'Note'>, { Note?: string | undefined }>>();
// @ts-expect-error not the same: the check itself can fail
is<Equal<Args['Big'], number>>();

const registry = gob.registry({ 'main.Item': Item, '*plugin.BasicError': gob.struct('', { Message: gob.string }) });
const Any = gob.interface(registry);
type Dynamic = NonNullable<GobType<typeof Any>>;
is<Equal<Extract<Dynamic, { type: 'main.Item' }>['value'], ItemValue>>();
is<Equal<Extract<Dynamic, { type: 'int8' }>['value'], number>>();
is<Equal<Extract<Dynamic, { type: '[]uint8' }>['value'], Uint8Array>>();

interface List {
  V: number;
  Next: List | null;
}
const List: GobSchema<List> = gob.struct('List', { V: gob.int, Next: gob.pointer(gob.lazy(() => List)) });

export function encoding(args: Args): void {
  const encoder = createGobEncoder({ registry });
  encoder.encode(PutArgs, args);
  encoder.encode(Item, { N: 1, Tags: ['a'] });
  encoder.encode(List, { V: 1, Next: { V: 2, Next: null } });
  encoder.encode(Any, { type: 'main.Item', value: { N: 1, Tags: [] } });
  encoder.encode(gob.interface(), { type: 'anything', value: 1 });
  encoder.encode(gob.any, { a: [1, 'b', null] });
  encoder.appendPair(gob.string, 'a', Item, { N: 1, Tags: [] });

  // @ts-expect-error a field is missing
  encoder.encode(Item, { N: 1 });
  // @ts-expect-error a field of the wrong type
  encoder.encode(Item, { N: '1', Tags: [] });
  // @ts-expect-error an element of the wrong type
  encoder.encode(Item, { N: 1, Tags: [1] });
  // @ts-expect-error a field that the struct does not have
  encoder.encode(Item, { N: 1, Tags: [], Extra: 1 });
  // @ts-expect-error a number where a bigint is due
  encoder.encode(gob.int64, 1);
  // @ts-expect-error the value is not of the registered type
  encoder.encode(Any, { type: 'main.Item', value: 5 });
  // @ts-expect-error a name that is not registered
  encoder.encode(Any, { type: 'main.Other', value: 5 });
  // @ts-expect-error the second value is of the wrong type
  encoder.appendPair(gob.string, 'a', Item, 5);
  // @ts-expect-error not a value that has an obvious Go type
  encoder.encode(gob.any, new Date());
}

export function decoding(): void {
  const decoder = createGobDecoder();
  const item: ItemValue | undefined = decoder.next(Item);
  const dynamic = decoder.next(Any);
  if (dynamic?.type === 'main.Item') dynamic.value.Tags satisfies string[];
  // @ts-expect-error a field that the struct does not have
  void item?.Other;
  // @ts-expect-error without a schema anything may come
  void decoder.next()?.N;
}
