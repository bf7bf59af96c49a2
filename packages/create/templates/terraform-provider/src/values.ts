import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';
import type { DynamicValue } from './gen/tfplugin6.js';

/** What is known only after apply. */
class Unknown {}
export const UNKNOWN = new Unknown();

const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: 0,
  encode: (value) => (value instanceof Unknown ? new Uint8Array([0]) : null),
  decode: () => UNKNOWN,
});
// What is known of an unknown value, as that it is not null.
extensionCodec.register({ type: 12, encode: () => null, decode: () => UNKNOWN });

/** A value of Terraform's, with `undefined` for null; `T` has to be what the schema says. */
export function read<T>(value: DynamicValue | undefined): T | undefined {
  if (value === undefined) return undefined;
  const found: unknown =
    value.msgpack.length > 0
      ? decode(value.msgpack, { extensionCodec })
      : JSON.parse(Buffer.from(value.json).toString() || 'null');
  return (found ?? undefined) as T | undefined;
}

/** An object of the schema must have all of its attributes, null where they have no value. */
export function write(value: unknown): DynamicValue {
  return { msgpack: encode(value ?? null, { extensionCodec }), json: new Uint8Array() };
}
