/**
 * Encodes and decodes values in memory, in one format: `node gob-codec.js JSON|protobuf|gob`. Answers the orders `encode VALUE 0 MS`,
 * `decode VALUE 0 MS` and, of gob, `untyped VALUE 0 MS`, where VALUE is the place of the value in `VALUES`.
 */
import { createGobDecoder, createGobEncoder } from '../../../src/wire/gob/index.js';
import { VALUES, type Value } from './gob-values.js';
import { answerWork, type Done } from './work.js';

/** What does the work once, and returns something, so that it is not optimised away. */
type Work = () => unknown;

interface Format {
  encode(value: Value<never>): Work;
  decode(value: Value<never>): Work;
  untyped?(value: Value<never>): Work;
}

const text = new TextEncoder();
const ofText = new TextDecoder();

/** A decoder that reads the same value message again and again. */
function gobDecode({ schema, value }: Value<never>, typed: boolean): Work {
  const encoder = createGobEncoder();
  const decoder = createGobDecoder();
  decoder.push(encoder.encode(schema, value));
  decoder.next();
  const message = encoder.encode(schema, value).slice();
  return () => {
    decoder.push(message);
    return typed ? decoder.next(schema) : decoder.next();
  };
}

const FORMATS: Readonly<Record<string, Format>> = {
  JSON: {
    encode:
      ({ value }) =>
      () =>
        text.encode(JSON.stringify(value)),
    decode({ value }) {
      const bytes = text.encode(JSON.stringify(value));
      return () => JSON.parse(ofText.decode(bytes)) as unknown;
    },
  },
  protobuf: {
    encode: (of) => () => of.encode(of.value),
    decode(of) {
      const bytes = of.encode(of.value);
      return () => of.decode(bytes);
    },
  },
  gob: {
    encode({ schema, value }) {
      const encoder = createGobEncoder();
      return () => encoder.encode(schema, value);
    },
    decode: (value) => gobDecode(value, true),
    untyped: (value) => gobDecode(value, false),
  },
};

function repeated(durationMs: number, work: Work): Done {
  const end = performance.now() + durationMs;
  let done = 0;
  let last: unknown;
  while (performance.now() < end) {
    for (let time = 0; time < 50; time += 1) last = work();
    done += 50;
  }
  if (last === undefined) throw new Error('Nothing was done.');
  return { done };
}

const format = FORMATS[process.argv[2]!]!;
const values = Object.values(VALUES);
const job = (make: (value: Value<never>) => Work) => {
  const works = values.map(make);
  return async (value: number, _: number, durationMs: number) => repeated(durationMs, works[value]!);
};
await answerWork({
  encode: job((value) => format.encode(value)),
  decode: job((value) => format.decode(value)),
  ...(format.untyped && { untyped: job((value) => format.untyped!(value)) }),
});
