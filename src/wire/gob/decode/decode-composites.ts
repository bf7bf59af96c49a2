import { keyStep, malformed, within } from '../failure.js';
import { enter, spend, type ValueDecoder } from './decode-context.js';
import { needMore, readCount } from './skip.js';

const ARRAY_BYTES = 32;
const SLOT_BYTES = 8;
const ENTRY_BYTES = 96;

/** Slices and arrays. `length`: the length of an array. `open`: the elements hold interfaces and may continue in later messages. */
export function sequenceDecoder(element: ValueDecoder, length: number | undefined, open: boolean): ValueDecoder {
  return {
    read(from) {
      const count = readCount(from, open);
      if (length !== undefined && count !== length) throw malformed(`${count} elements in an array of ${length}`);
      enter(from);
      // Elements that hold no interface are all in this message and have a byte at least, so the count cannot exceed what was sent.
      spend(from, ARRAY_BYTES + (open ? 0 : SLOT_BYTES * count));
      const values: unknown[] = [];
      let i = 0;
      try {
        for (; i < count; i += 1) {
          needMore(from);
          if (open) spend(from, SLOT_BYTES);
          values.push(element.read(from));
        }
      } catch (error) {
        throw within(error, `[${i}]`);
      }
      from.depth -= 1;
      return values;
    },
  };
}

/** Maps. `byName`: the keys are strings, and the map becomes an object without a prototype. `open`: as for sequences. */
export function mapDecoder(key: ValueDecoder, element: ValueDecoder, byName: boolean, open: boolean): ValueDecoder {
  return {
    read(from) {
      const count = readCount(from, open);
      enter(from);
      spend(from, ARRAY_BYTES);
      const record = Object.create(null) as Record<string, unknown>;
      const map = new Map<unknown, unknown>();
      for (let i = 0; i < count; i += 1) {
        needMore(from);
        spend(from, ENTRY_BYTES);
        const name = key.read(from);
        try {
          if (byName) record[name as string] = element.read(from);
          else map.set(name, element.read(from));
        } catch (error) {
          throw within(error, keyStep(name));
        }
      }
      from.depth -= 1;
      return byName ? record : map;
    },
  };
}
