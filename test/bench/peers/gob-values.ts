import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type GobSchema, gob } from '../../../src/wire/gob/index.js';

/** A value with its schema of gob, and what ts-proto would compile for it, so that all three formats take the same objects. */
export interface Value<T> {
  readonly value: T;
  readonly schema: GobSchema<T>;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

interface Post {
  Id: string;
  CreateAt: number;
  UserId: string;
  Message: string;
  Pinned: boolean;
  Score: number;
  Tags: string[];
  Counts: Record<string, number>;
}

const post: Value<Post> = {
  value: {
    Id: 'w1hs8kqk4fbpxc6z3ha1k8yqmr',
    CreateAt: 1_767_323_045_123,
    UserId: 'ax8rzj5jgtdcmq4ot1b6ktrzqo',
    Message: 'A message of middling length, as people write them when they have something to say, with an é or two.',
    Pinned: true,
    Score: 0.7071067811865476,
    Tags: ['alpha', 'beta', 'gamma'],
    Counts: { likes: 12, replies: 3, views: 40_961 },
  },
  schema: gob.struct('Post', {
    Id: gob.string,
    CreateAt: gob.int,
    UserId: gob.string,
    Message: gob.string,
    Pinned: gob.bool,
    Score: gob.float,
    Tags: gob.slice(gob.string),
    Counts: gob.map(gob.string, gob.int),
  }),
  encode(value) {
    const writer = new BinaryWriter();
    writer.uint32(10).string(value.Id);
    writer.uint32(16).int64(value.CreateAt);
    writer.uint32(26).string(value.UserId);
    writer.uint32(34).string(value.Message);
    writer.uint32(40).bool(value.Pinned);
    writer.uint32(49).double(value.Score);
    for (const tag of value.Tags) writer.uint32(58).string(tag);
    for (const [key, count] of Object.entries(value.Counts)) {
      writer.uint32(66).fork().uint32(10).string(key).uint32(16).int64(count).join();
    }
    return writer.finish();
  },
  decode(bytes) {
    const reader = new BinaryReader(bytes);
    const value: Post = { Id: '', CreateAt: 0, UserId: '', Message: '', Pinned: false, Score: 0, Tags: [], Counts: {} };
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 10) value.Id = reader.string();
      else if (tag === 16) value.CreateAt = Number(reader.int64());
      else if (tag === 26) value.UserId = reader.string();
      else if (tag === 34) value.Message = reader.string();
      else if (tag === 40) value.Pinned = reader.bool();
      else if (tag === 49) value.Score = reader.double();
      else if (tag === 58) value.Tags.push(reader.string());
      else {
        reader.uint32();
        reader.uint32();
        const key = reader.string();
        reader.uint32();
        value.Counts[key] = Number(reader.int64());
      }
    }
    return value;
  },
};

/** 10 000 numbers as one packed field. */
function numbers(
  make: (index: number) => number,
  schema: GobSchema<number>,
  write: (writer: BinaryWriter, value: number) => void,
  read: (reader: BinaryReader) => number,
): Value<number[]> {
  return {
    value: Array.from({ length: 10_000 }, (_, index) => make(index)),
    schema: gob.slice(schema),
    encode(values) {
      const writer = new BinaryWriter().uint32(10).fork();
      for (const value of values) write(writer, value);
      return writer.join().finish();
    },
    decode(bytes) {
      const reader = new BinaryReader(bytes);
      reader.uint32();
      const end = reader.uint32() + reader.pos;
      const values: number[] = [];
      while (reader.pos < end) values.push(read(reader));
      return values;
    },
  };
}

const header: Value<{ ServiceMethod: string; Seq: number }> = {
  value: { ServiceMethod: 'Plugin.Greet', Seq: 12_345 },
  schema: gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint }),
  encode: ({ ServiceMethod, Seq }) =>
    new BinaryWriter().uint32(10).string(ServiceMethod).uint32(16).uint64(Seq).finish(),
  decode(bytes) {
    const reader = new BinaryReader(bytes);
    const value = { ServiceMethod: '', Seq: 0 };
    while (reader.pos < reader.len) {
      if (reader.uint32() === 10) value.ServiceMethod = reader.string();
      else value.Seq = Number(reader.uint64());
    }
    return value;
  },
};

/** By the heading of their column. */
export const VALUES: Readonly<Record<string, Value<never>>> = {
  'a post': post as unknown as Value<never>,
  '10 000 integers': numbers(
    (index) => index * 37,
    gob.int,
    (writer, value) => void writer.int64(value),
    (reader) => Number(reader.int64()),
  ) as unknown as Value<never>,
  '10 000 floats': numbers(
    Math.sin,
    gob.float,
    (writer, value) => void writer.double(value),
    (reader) => reader.double(),
  ) as unknown as Value<never>,
  'a net/rpc header': header as unknown as Value<never>,
};
