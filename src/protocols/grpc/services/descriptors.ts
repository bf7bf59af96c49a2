import { BinaryReader } from '@bufbuild/protobuf/wire';
import { OptionsError } from '../../../errors.js';

/** One file of a FileDescriptorSet: its bytes, and what reflection finds it by. */
export interface FileDescriptor {
  readonly name: string;
  /** The serialized google.protobuf.FileDescriptorProto. */
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
  /** Fully qualified names of everything that it declares, without a leading dot. */
  readonly symbols: readonly string[];
  readonly extensions: readonly Extension[];
}

export interface Extension {
  /** Fully qualified name of the extended message. */
  readonly extendee: string;
  readonly number: number;
}

/** Field numbers in google/protobuf/descriptor.proto. */
const SET_FILE = 1;
const FILE = { name: 1, package: 2, dependency: 3, message: 4, enum: 5, service: 6, extension: 7 } as const;
const MESSAGE = { field: 2, nested: 3, enum: 4, extension: 6, oneof: 8 } as const;
const EXTENSION = { extendee: 2, number: 3 } as const;
const ENUM_VALUE = 2;
const SERVICE_METHOD = 2;
/** `name` has the same number in every kind of declaration. */
const NAME = 1;

/** Deeper nesting is refused: hand-made input could exhaust the stack. */
const MAX_DEPTH = 100;

/** Reads a serialized google.protobuf.FileDescriptorSet (`buf build --as-file-descriptor-set`, `protoc --descriptor_set_out`). */
export function parseDescriptorSet(set: Uint8Array): FileDescriptor[] {
  try {
    return fieldsOf(set)
      .filter(({ number }) => number === SET_FILE)
      .map(({ bytes }) => parseFile(bytes));
  } catch (cause) {
    throw new OptionsError(
      'A descriptor set for reflection is not a serialized google.protobuf.FileDescriptorSet. Make one with `buf build --as-file-descriptor-set` or `protoc --descriptor_set_out`.',
      {
        cause,
      },
    );
  }
}

interface Field {
  readonly number: number;
  /** Of length-delimited fields; empty otherwise. */
  readonly bytes: Uint8Array;
  /** Of varint fields; 0 otherwise. */
  readonly value: number;
}

const EMPTY = new Uint8Array(0);

function fieldsOf(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 2) fields.push({ number, bytes: reader.bytes(), value: 0 });
    else if (type === 0) fields.push({ number, bytes: EMPTY, value: Number(reader.int64()) });
    else reader.skip(type, number);
  }
  return fields;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

function texts(fields: readonly Field[], number: number): string[] {
  return fields.filter((field) => field.number === number).map(({ bytes }) => textOf(bytes));
}

function parseFile(bytes: Uint8Array): FileDescriptor {
  const fields = fieldsOf(bytes);
  const [name = ''] = texts(fields, FILE.name);
  const [scope = ''] = texts(fields, FILE.package);
  const found: Found = { symbols: [], extensions: [] };
  for (const { number, bytes: declaration } of fields) {
    if (number === FILE.message) addMessage(declaration, scope, found, 0);
    else if (number === FILE.enum) addEnum(declaration, scope, found);
    else if (number === FILE.service)
      addMembers(declaration, addSymbol(declaration, scope, found), SERVICE_METHOD, found);
    else if (number === FILE.extension) addExtension(declaration, scope, found);
  }
  return { name, bytes, dependencies: texts(fields, FILE.dependency), ...found };
}

interface Found {
  readonly symbols: string[];
  readonly extensions: Extension[];
}

function addSymbol(declaration: Uint8Array, scope: string, { symbols }: Found): string {
  const [name = ''] = texts(fieldsOf(declaration), NAME);
  const full = scope === '' ? name : `${scope}.${name}`;
  symbols.push(full);
  return full;
}

function addMembers(declaration: Uint8Array, scope: string, member: number, found: Found): void {
  for (const { number, bytes } of fieldsOf(declaration)) if (number === member) addSymbol(bytes, scope, found);
}

function addMessage(declaration: Uint8Array, scope: string, found: Found, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError('messages are nested too deeply');
  const full = addSymbol(declaration, scope, found);
  for (const { number, bytes } of fieldsOf(declaration)) {
    if (number === MESSAGE.field || number === MESSAGE.oneof) addSymbol(bytes, full, found);
    else if (number === MESSAGE.nested) addMessage(bytes, full, found, depth + 1);
    else if (number === MESSAGE.enum) addEnum(bytes, full, found);
    else if (number === MESSAGE.extension) addExtension(bytes, full, found);
  }
}

/** The values of an enum have the scope of the enum itself, not of its name. */
function addEnum(declaration: Uint8Array, scope: string, found: Found): void {
  addSymbol(declaration, scope, found);
  addMembers(declaration, scope, ENUM_VALUE, found);
}

function addExtension(declaration: Uint8Array, scope: string, found: Found): void {
  addSymbol(declaration, scope, found);
  const fields = fieldsOf(declaration);
  const [extendee = ''] = texts(fields, EXTENSION.extendee);
  const number = fields.find((field) => field.number === EXTENSION.number)?.value ?? 0;
  found.extensions.push({ extendee: extendee.replace(/^\./, ''), number });
}
