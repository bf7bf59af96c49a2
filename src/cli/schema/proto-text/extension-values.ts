import { type DescExtension, fromBinary, getExtension, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Values of an extension. Those that are messages are read from its bytes, since protobuf-es gives some types as plain values. */
export function extensionValues(message: ReflectMessage, extension: DescExtension): readonly unknown[] {
  const { message: type } = extension;
  if (type !== undefined && !extension.delimitedEncoding) {
    const parts = (message.getUnknown() ?? [])
      .filter(({ no, wireType }) => no === extension.number && wireType === WireType.LengthDelimited)
      .map(({ data }) => new BinaryReader(data).bytes());
    const whole = extension.fieldKind === 'list' ? parts : [Buffer.concat(parts)];
    return whole.map((bytes) => reflect(type, fromBinary(type, bytes), false));
  }
  const value = getExtension(message.message, extension);
  const values = extension.fieldKind === 'list' ? (value as readonly unknown[]) : [value];
  return type === undefined ? values : values.map((one) => reflect(type, one as Message, false));
}
