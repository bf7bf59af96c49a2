import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
} from '@bufbuild/protobuf';
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { extensionValues } from './extension-values.js';
import { scalarLiteral } from './literals.js';
import type { Names } from './scope.js';

/** What a field, or an extension, has of type. */
type Typed = DescField | DescExtension;

/** A value with the name that an option, or a field of a message in it, is given by. */
interface Entry {
  readonly field: Typed;
  readonly name: string;
  /** One for each element of a list. */
  readonly values: readonly unknown[];
}

/** Prints options: `deprecated = true`, `(acme.limit) = { per_second: 5 }`. */
export class OptionPrinter {
  readonly #registry: Registry;
  readonly #names: Names;

  constructor(registry: Registry, names: Names) {
    this.#registry = registry;
    this.#names = names;
  }

  /**
   * The options of an element that stands in `scope`. An option that the registry does not declare cannot be printed, since nobody knows its
   * name.
   */
  print(desc: DescMessage, options: Message | undefined, scope: string): readonly string[] {
    if (options === undefined) return [];
    const name = (extension: DescExtension): string => `(${this.#names.optionName(extension.typeName, scope)})`;
    return this.#entries(reflect(desc, options, false), name).flatMap((entry) => this.#assignments(entry, name, ''));
  }

  /** Features are set one by one; every other message is set as a whole. */
  #assignments(entry: Entry, name: (extension: DescExtension) => string, prefix: string): readonly string[] {
    const path = `${prefix}${entry.name}`;
    const isFeature = prefix !== '' || entry.field.message?.typeName === 'google.protobuf.FeatureSet';
    return entry.values.flatMap((value) =>
      isFeature && entry.field.message !== undefined
        ? this.#entries(value as ReflectMessage, name).flatMap((inner) => this.#assignments(inner, name, `${path}.`))
        : [`${path} = ${this.#literal(entry.field, value)}`],
    );
  }

  #entries(message: ReflectMessage, nameOf: (extension: DescExtension) => string): readonly Entry[] {
    const fields = message.fields
      .filter((field) => message.isSet(field) && field.message?.typeName !== 'google.protobuf.UninterpretedOption')
      .map((field) => ({ field, name: fieldName(field), values: valuesOf(message, field) }));
    const numbers = new Set((message.getUnknown() ?? []).map(({ no }) => no));
    const extensions = [...numbers]
      .map((no) => this.#registry.getExtensionFor(message.desc, no))
      .filter((extension) => extension !== undefined);
    return [
      ...fields,
      ...extensions.map((field) => ({ field, name: nameOf(field), values: extensionValues(message, field) })),
    ];
  }

  #literal(field: Typed, value: unknown): string {
    if (field.message !== undefined) return this.#messageLiteral(value as ReflectMessage);
    if (field.enum !== undefined) return enumLiteral(field.enum, value as number);
    return scalarLiteral(field.scalar!, value);
  }

  /** In the text format of protobuf, on one line. */
  #messageLiteral(message: ReflectMessage): string {
    const entries = this.#entries(message, ({ typeName }) => `[${typeName}]`).flatMap(({ field, name, values }) =>
      values.map((value) =>
        field.fieldKind === 'map'
          ? `${name}: { ${this.#mapEntry(field, value as readonly [unknown, unknown])} }`
          : `${name}: ${this.#literal(field, value)}`,
      ),
    );
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }

  #mapEntry(field: DescField & { fieldKind: 'map' }, [key, value]: readonly [unknown, unknown]): string {
    return `key: ${scalarLiteral(field.mapKey, key)}, value: ${this.#literal(field, value)}`;
  }
}

/** Text names a group by its type. */
function fieldName(field: DescField): string {
  const isGroup =
    field.message !== undefined && field.fieldKind !== 'map' && field.message.name.toLowerCase() === field.name;
  return isGroup && field.delimitedEncoding ? field.message.name : field.name;
}

function valuesOf(message: ReflectMessage, field: DescField): readonly unknown[] {
  if (field.fieldKind === 'list') return [...(message.get(field) as ReflectList)];
  if (field.fieldKind === 'map') return [...(message.get(field) as ReflectMap)];
  return [message.get(field)];
}

/** A number without a name is valid in open enums; text has it as it is. */
function enumLiteral(type: DescEnum, number: number): string {
  return type.value[number]?.name ?? String(number);
}
