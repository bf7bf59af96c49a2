import { create, type DescMessage, type FileRegistry, type Message } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type ServiceDescriptorProto,
  ServiceDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { joined } from './proto-text/scope.js';
import { referencesOf } from './references.js';

/** What stands in a file, not in a message: what an excerpt has as a whole or not at all. */
interface Declaration {
  readonly file: FileDescriptorProto;
  readonly desc: DescMessage;
  readonly proto: Message;
}

/**
 * The part of a schema that declares a type or a method, and what that uses: files with nothing else in them, that with the name first. Of
 * `method` its service has no other. Undefined where the registry does not declare the name.
 */
export function excerpt(
  registry: FileRegistry,
  name: string,
  method?: string,
): readonly FileDescriptorProto[] | undefined {
  const declared = declarationsOf(registry);
  const first = declared.get(name);
  if (first === undefined) return undefined;
  const kept = new Map<Declaration, ReadonlySet<string>>();
  const keep = (declaration: Declaration): void => {
    if (kept.has(declaration)) return;
    const references = referencesOf(declaration.desc, declaration.proto, registry);
    kept.set(declaration, references);
    for (const reference of references) {
      const found = declared.get(reference);
      if (found !== undefined) keep(found);
    }
  };
  keep(method === undefined ? first : onlyMethod(first, method));
  const files = [...new Set([...kept.keys()].map(({ file }) => file))];
  return files.map((file) => partOf(file, kept, declared));
}

function onlyMethod(service: Declaration, name: string): Declaration {
  const proto = service.proto as ServiceDescriptorProto;
  const part: ServiceDescriptorProto = { ...proto, method: proto.method.filter((method) => method.name === name) };
  return { ...service, proto: part };
}

function partOf(
  file: FileDescriptorProto,
  kept: ReadonlyMap<Declaration, ReadonlySet<string>>,
  declared: ReadonlyMap<string, Declaration>,
): FileDescriptorProto {
  const own = [...kept].filter(([declaration]) => declaration.file === file);
  const imported = own
    .flatMap(([, references]) => [...references])
    .flatMap((name) => declared.get(name)?.file.name ?? []);
  const messages = new Set(own.map(([{ proto }]) => proto));
  const only = <T extends Message>(all: readonly T[]): T[] => all.filter((one) => messages.has(one));
  const features = file.options?.features;
  return create(FileDescriptorProtoSchema, {
    name: file.name,
    package: file.package,
    syntax: file.syntax,
    edition: file.edition,
    ...(features === undefined ? {} : { options: { features } }),
    dependency: [...new Set(imported)].filter((name) => name !== file.name).sort(compareText),
    messageType: only(file.messageType),
    enumType: only(file.enumType),
    extension: only(file.extension),
    // Of a service there may be a part only.
    service: own.flatMap(([{ desc, proto }]) =>
      desc === ServiceDescriptorProtoSchema ? [proto as ServiceDescriptorProto] : [],
    ),
  });
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

/** By the full name of everything in it: a nested type is found with the message that it stands in. */
function declarationsOf(registry: FileRegistry): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const { proto: file } of registry.files) {
    const add = (desc: DescMessage, all: readonly (Message & { readonly name: string })[]): void => {
      for (const proto of all) found.set(joined(file.package, proto.name), { file, desc, proto });
    };
    add(EnumDescriptorProtoSchema, file.enumType);
    add(FieldDescriptorProtoSchema, file.extension);
    add(ServiceDescriptorProtoSchema, file.service);
    add(DescriptorProtoSchema, file.messageType);
    for (const message of file.messageType) {
      const declaration = found.get(joined(file.package, message.name))!;
      for (const name of nestedNames(message, joined(file.package, message.name))) found.set(name, declaration);
    }
  }
  return found;
}

function nestedNames({ nestedType, enumType, extension }: DescriptorProto, scope: string): readonly string[] {
  return [
    ...[...enumType, ...extension].map(({ name }) => joined(scope, name)),
    ...nestedType.flatMap((nested) => [joined(scope, nested.name), ...nestedNames(nested, joined(scope, nested.name))]),
  ];
}
