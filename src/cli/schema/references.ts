import type { DescField, DescMessage, Message, Registry } from '@bufbuild/protobuf';
import { type ReflectList, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { extensionValues } from './proto-text/extension-values.js';

/** Fields of descriptors that name a type. */
const REFERRING: ReadonlySet<string> = new Set(['type_name', 'extendee', 'input_type', 'output_type']);

/** Full names of the types and custom options that a part of a descriptor uses, nested parts too. */
export function referencesOf(desc: DescMessage, part: Message, registry: Registry): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (message: ReflectMessage): void => {
    for (const { no } of message.getUnknown() ?? []) {
      const option = registry.getExtensionFor(message.desc, no);
      if (option === undefined) continue;
      found.add(option.typeName);
      if (option.message !== undefined)
        extensionValues(message, option).forEach((value) => visit(value as ReflectMessage));
    }
    for (const field of message.fields.filter((one) => message.isSet(one))) {
      if (REFERRING.has(field.name)) found.add((message.get(field) as string).replace(/^\./, ''));
      for (const inner of messagesIn(message, field)) visit(inner);
    }
  };
  visit(reflect(desc, part, false));
  return found;
}

function messagesIn(message: ReflectMessage, field: DescField): readonly ReflectMessage[] {
  if (field.message === undefined) return [];
  if (field.fieldKind === 'list') return [...(message.get(field) as ReflectList<ReflectMessage>)];
  return field.fieldKind === 'message' ? [message.get(field) as ReflectMessage] : [];
}
