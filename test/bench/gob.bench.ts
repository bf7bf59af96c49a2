/** gob beside JSON and protobuf, encoding and decoding the same values in memory. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { createGobDecoder, createGobEncoder, type GobSchema, gob } from '../../src/wire/gob/index.js';
import { type Comparison, type Contender, compare } from './harness.js';

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

/** Compiled by hand as ts-proto does it, so that all three take the same objects. */
const protobuf = {
  encode(post: Post): Uint8Array {
    const writer = new BinaryWriter();
    writer.uint32(10).string(post.Id);
    writer.uint32(16).int64(post.CreateAt);
    writer.uint32(26).string(post.UserId);
    writer.uint32(34).string(post.Message);
    writer.uint32(40).bool(post.Pinned);
    writer.uint32(49).double(post.Score);
    for (const tag of post.Tags) writer.uint32(58).string(tag);
    for (const [key, value] of Object.entries(post.Counts)) {
      writer.uint32(66).fork().uint32(10).string(key).uint32(16).int64(value).join();
    }
    return writer.finish();
  },
  decode(bytes: Uint8Array): Post {
    const reader = new BinaryReader(bytes);
    const post: Post = { Id: '', CreateAt: 0, UserId: '', Message: '', Pinned: false, Score: 0, Tags: [], Counts: {} };
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 10) post.Id = reader.string();
      else if (tag === 16) post.CreateAt = Number(reader.int64());
      else if (tag === 26) post.UserId = reader.string();
      else if (tag === 34) post.Message = reader.string();
      else if (tag === 40) post.Pinned = reader.bool();
      else if (tag === 49) post.Score = reader.double();
      else if (tag === 58) post.Tags.push(reader.string());
      else {
        reader.uint32();
        reader.uint32();
        const key = reader.string();
        reader.uint32();
        post.Counts[key] = Number(reader.int64());
      }
    }
    return post;
  },
};

const PostSchema = gob.struct('Post', {
  Id: gob.string,
  CreateAt: gob.int,
  UserId: gob.string,
  Message: gob.string,
  Pinned: gob.bool,
  Score: gob.float,
  Tags: gob.slice(gob.string),
  Counts: gob.map(gob.string, gob.int),
});

const post: Post = {
  Id: 'w1hs8kqk4fbpxc6z3ha1k8yqmr',
  CreateAt: 1_767_323_045_123,
  UserId: 'ax8rzj5jgtdcmq4ot1b6ktrzqo',
  Message: 'A message of middling length, as people write them when they have something to say, with an é or two.',
  Pinned: true,
  Score: 0.7071067811865476,
  Tags: ['alpha', 'beta', 'gamma'],
  Counts: { likes: 12, replies: 3, views: 40_961 },
};

const text = new TextEncoder();
const ofText = new TextDecoder();

/** Values per second, and MB/s of their encoded form; `work` returns something so that it cannot be optimised away. */
function repeated(bytes: number, work: () => unknown): Contender {
  return async (durationMs) => {
    const begin = performance.now();
    const end = begin + durationMs;
    let operations = 0;
    let sink: unknown;
    while (performance.now() < end) {
      for (let i = 0; i < 50; i += 1) sink = work();
      operations += 50;
    }
    if (sink === undefined) throw new Error('nothing was done');
    const rate = (operations * 1000) / (performance.now() - begin);
    return { rate, details: { 'MB/s': (rate * bytes) / 1e6, 'bytes of a value': bytes } };
  };
}

/** A decoder that reads the same value message again and again. */
function gobDecode<T>(schema: GobSchema<T> | undefined, value: T, as: GobSchema<T>): () => unknown {
  const encoder = createGobEncoder();
  const decoder = createGobDecoder();
  decoder.push(encoder.encode(as, value));
  decoder.next();
  const message = encoder.encode(as, value).slice();
  return () => {
    decoder.push(message);
    return schema === undefined ? decoder.next() : decoder.next(schema);
  };
}

function gobEncode<T>(schema: GobSchema<T>, value: NoInfer<T>): () => unknown {
  const encoder = createGobEncoder();
  return () => encoder.encode(schema, value);
}

async function benchmark<T>(
  title: string,
  schema: GobSchema<T>,
  value: T,
  proto: [() => Uint8Array, (b: Uint8Array) => unknown],
) {
  const json = text.encode(JSON.stringify(value));
  const encoder = createGobEncoder();
  encoder.encode(schema, value);
  const size = encoder.encode(schema, value).length;
  const protoBytes = proto[0]();
  const common = { unit: 'values/s', baseline: 'JSON' } satisfies Partial<Comparison>;
  await compare({
    ...common,
    title: `Encoding ${title}`,
    contenders: {
      JSON: repeated(json.length, () => text.encode(JSON.stringify(value))),
      protobuf: repeated(protoBytes.length, proto[0]),
      gob: repeated(size, gobEncode(schema, value)),
    },
  });
  await compare({
    ...common,
    title: `Decoding ${title}`,
    contenders: {
      JSON: repeated(json.length, () => JSON.parse(ofText.decode(json))),
      protobuf: repeated(protoBytes.length, () => proto[1](protoBytes)),
      gob: repeated(size, gobDecode(schema, value, schema)),
      'gob without a schema': repeated(size, gobDecode(undefined, value, schema)),
    },
  });
}

await benchmark('a post', PostSchema, post, [() => protobuf.encode(post), (bytes) => protobuf.decode(bytes)]);

const numbers = Array.from({ length: 10_000 }, (_, i) => i * 37);
await benchmark('10 000 integers', gob.slice(gob.int), numbers, [
  () => {
    const writer = new BinaryWriter().uint32(10).fork();
    for (const number of numbers) writer.int64(number);
    return writer.join().finish();
  },
  (bytes) => {
    const reader = new BinaryReader(bytes);
    reader.uint32();
    const end = reader.uint32() + reader.pos;
    const values: number[] = [];
    while (reader.pos < end) values.push(Number(reader.int64()));
    return values;
  },
]);

const floats = Array.from({ length: 10_000 }, (_, i) => Math.sin(i));
await benchmark('10 000 floats', gob.slice(gob.float), floats, [
  () => {
    const writer = new BinaryWriter().uint32(10).fork();
    for (const number of floats) writer.double(number);
    return writer.join().finish();
  },
  (bytes) => {
    const reader = new BinaryReader(bytes);
    reader.uint32();
    const end = reader.uint32() + reader.pos;
    const values: number[] = [];
    while (reader.pos < end) values.push(reader.double());
    return values;
  },
]);

const Call = gob.struct('Request', { ServiceMethod: gob.string, Seq: gob.uint });
const call = { ServiceMethod: 'Plugin.Greet', Seq: 12_345 };
await benchmark('a net/rpc header', Call, call, [
  () => new BinaryWriter().uint32(10).string(call.ServiceMethod).uint32(16).uint64(call.Seq).finish(),
  (bytes) => {
    const reader = new BinaryReader(bytes);
    const value = { ServiceMethod: '', Seq: 0 };
    while (reader.pos < reader.len) {
      if (reader.uint32() === 10) value.ServiceMethod = reader.string();
      else value.Seq = Number(reader.uint64());
    }
    return value;
  },
]);
