import {
  type DescriptorProto,
  type DescriptorProto_ExtensionRange,
  ExtensionRangeOptionsSchema,
  type FieldDescriptorProto,
  MessageOptionsSchema,
  OneofOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import { enumText, visibilityOf } from './enum-text.js';
import { declaredBy, type FileContext, fieldHead, fieldOptions, groupHead, isInOneof, mapHead } from './field-text.js';
import { block, type Lines, withOptions } from './lines.js';
import { rangeText, reservedNames, reservedRanges } from './reserved.js';
import { joined } from './scope.js';

/** A part of a message or a file, with the messages that it declares beside it: groups, and entries of maps. */
interface Member {
  readonly lines: Lines;
  readonly declares: readonly DescriptorProto[];
}

/**
 * Messages and extensions of a scope, each with its lines. A group stands in the list of messages where its field was declared, so what
 * declares it is printed at that place.
 */
export function declarations(
  messages: readonly DescriptorProto[],
  fields: readonly Member[],
  extensions: readonly Member[],
  scope: string,
  context: FileContext,
): readonly Lines[] {
  const found: Lines[] = [];
  const waiting = [[...fields], [...extensions]];
  for (const message of messages) {
    const queue = waiting.find((members) => members.some(({ declares }) => declares.includes(message)));
    if (queue !== undefined) {
      const last = queue.findIndex(({ declares }) => declares.includes(message));
      found.push(...queue.splice(0, last + 1).map(({ lines }) => lines));
    } else if (![...fields, ...extensions].some(({ declares }) => declares.includes(message))) {
      found.push(messageText(message, scope, context));
    }
  }
  return [...found, ...waiting.flat().map(({ lines }) => lines)];
}

function messageText(message: DescriptorProto, scope: string, context: FileContext): Lines {
  return block(
    `${visibilityOf(message)}message ${message.name}`,
    bodyText(message, joined(scope, message.name), context),
  );
}

/** What stands in the braces of a message or of a group. `scope`: its own name. */
function bodyText(message: DescriptorProto, scope: string, context: FileContext): Lines {
  const options = context.options.print(MessageOptionsSchema, message.options, scope);
  return [
    ...options.filter((option) => option !== 'map_entry = true').map((option) => `option ${option};`),
    ...message.enumType.flatMap((one) => enumText(one, scope, context)),
    ...declarations(
      message.nestedType,
      fieldMembers(message, scope, context),
      extensionMembers(message.extension, message.nestedType, scope, context),
      scope,
      context,
    ).flat(),
    ...message.extensionRange.flatMap((range) => extensionRange(range, scope, context)),
    ...reservedRanges(message.reservedRange, 'message'),
    ...reservedNames(message.reservedName, context.syntax),
  ];
}

/** The fields of a message; a oneof stands where its first field does. */
function fieldMembers(message: DescriptorProto, scope: string, context: FileContext): readonly Member[] {
  const member = (field: FieldDescriptorProto): Member => fieldMember(field, message.nestedType, scope, context);
  return message.field.flatMap((field, index) => {
    if (!isInOneof(field)) return [member(field)];
    const isFirst =
      message.field.findIndex((other) => isInOneof(other) && other.oneofIndex === field.oneofIndex) === index;
    if (!isFirst) return [];
    const { name = '', options } = message.oneofDecl[field.oneofIndex] ?? {};
    const members = message.field
      .filter((other) => isInOneof(other) && other.oneofIndex === field.oneofIndex)
      .map(member);
    const own = context.options.print(OneofOptionsSchema, options, scope).map((option) => `option ${option};`);
    return [{ lines: block(`oneof ${name}`, [...own, ...linesOf(members)]), declares: declaredByAll(members) }];
  });
}

function fieldMember(
  field: FieldDescriptorProto,
  siblings: readonly DescriptorProto[],
  scope: string,
  context: FileContext,
): Member {
  const declared = declaredBy(field, siblings, scope, context);
  const options = fieldOptions(field, scope, context);
  if (declared === undefined) return { lines: withOptions(fieldHead(field, scope, context), options), declares: [] };
  if (declared.options?.mapEntry === true) {
    return { lines: withOptions(mapHead(field, declared, scope, context), options), declares: [declared] };
  }
  const [...head] = withOptions(groupHead(field, declared, context), options, '');
  const last = head.pop()!;
  const body = block(last, bodyText(declared, joined(scope, declared.name), context));
  return { lines: [...head, ...body], declares: [declared] };
}

/** The extensions of a scope, those of the same message together as long as they follow each other and declare no messages. */
export function extensionMembers(
  extensions: readonly FieldDescriptorProto[],
  siblings: readonly DescriptorProto[],
  scope: string,
  context: FileContext,
): readonly Member[] {
  const runs: FieldDescriptorProto[][] = [];
  for (const extension of extensions) {
    const last = runs.at(-1)?.at(-1);
    const follows = last?.extendee === extension.extendee && declaredBy(last, siblings, scope, context) === undefined;
    if (follows) runs.at(-1)!.push(extension);
    else runs.push([extension]);
  }
  return runs.map((run) => {
    const members = run.map((extension) => fieldMember(extension, siblings, scope, context));
    const extendee = context.names.typeName(run[0]!.extendee.replace(/^\./, ''), scope);
    return { lines: block(`extend ${extendee}`, linesOf(members)), declares: declaredByAll(members) };
  });
}

function extensionRange(range: DescriptorProto_ExtensionRange, scope: string, { options }: FileContext): Lines {
  return withOptions(
    `extensions ${rangeText(range, 'message')}`,
    options.print(ExtensionRangeOptionsSchema, range.options, scope),
  );
}

function linesOf(members: readonly Member[]): Lines {
  return members.flatMap(({ lines }) => lines);
}

function declaredByAll(members: readonly Member[]): readonly DescriptorProto[] {
  return members.flatMap(({ declares }) => declares);
}
