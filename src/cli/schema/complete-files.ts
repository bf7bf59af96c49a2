import { createRegistry, type DescMessage, type Message } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  MethodDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { joined } from './proto-text/scope.js';
import { referencesOf } from './references.js';

/** Files that can be used together, each after those that it needs, and what had to be left out. */
export interface CompleteFiles {
  readonly files: readonly FileDescriptorProto[];
  /** The name of a file that is not there, by that of the file that imports it. */
  readonly missing: ReadonlyMap<string, string>;
}

/**
 * Leaves out what refers to types that no file declares: messages, extensions and methods. Types are found by their names, so that an import
 * under another path does no harm.
 */
export function completeFiles(given: Iterable<FileDescriptorProto>): CompleteFiles {
  const byName = new Map([...given].filter(isFile).map((file) => [file.name, file]));
  const missing = new Map<string, string>();
  for (const file of byName.values()) {
    const name = file.dependency.find((imported) => !byName.has(imported));
    if (name !== undefined) missing.set(file.name, name);
  }
  if (missing.size === 0) return { files: ordered(byName, (file) => file.dependency), missing };
  const usable = withoutUnknownTypes([...byName.values()].map((file) => onlyImports(file, byName)));
  return { files: ordered(new Map(usable.map((file) => [file.name, file])), neededBy(usable)), missing };
}

/** grpc-go sends a placeholder, with another syntax, for a file that it does not have. */
function isFile({ syntax }: FileDescriptorProto): boolean {
  return ['', 'proto2', 'proto3', 'editions'].includes(syntax);
}

function onlyImports(file: FileDescriptorProto, byName: ReadonlyMap<string, unknown>): FileDescriptorProto {
  const dependency = file.dependency.filter((name) => byName.has(name));
  return { ...file, dependency, publicDependency: [], weakDependency: [] };
}

/** What is left out may leave others without a type, so it is repeated until nothing changes. */
function withoutUnknownTypes(files: readonly FileDescriptorProto[]): readonly FileDescriptorProto[] {
  const declared = new Set(files.flatMap(typesOf));
  const known = (desc: DescMessage, part: Message): boolean =>
    [...referencesOf(desc, part, NO_OPTIONS)].every((name) => declared.has(name));
  const next = files.map((file) => ({
    ...file,
    messageType: file.messageType.filter((message) => known(DescriptorProtoSchema, message)),
    extension: file.extension.filter((extension) => known(FieldDescriptorProtoSchema, extension)),
    service: file.service.map((service) => ({
      ...service,
      method: service.method.filter((method) => known(MethodDescriptorProtoSchema, method)),
    })),
  }));
  const isDone = next.every(({ messageType }, index) => messageType.length === files[index]!.messageType.length);
  return isDone ? next : withoutUnknownTypes(next);
}

const NO_OPTIONS = createRegistry();

function typesOf({ package: scope, messageType, enumType }: FileDescriptorProto): readonly string[] {
  return typesIn({ nestedType: messageType, enumType }, scope);
}

function typesIn(
  { nestedType, enumType }: Pick<DescriptorProto, 'nestedType' | 'enumType'>,
  scope: string,
): readonly string[] {
  return [
    ...enumType.map(({ name }) => joined(scope, name)),
    ...nestedType.flatMap((nested) => [joined(scope, nested.name), ...typesIn(nested, joined(scope, nested.name))]),
  ];
}

/** The files that declare what a file uses, whatever it calls them in its imports. */
function neededBy(files: readonly FileDescriptorProto[]): (file: FileDescriptorProto) => readonly string[] {
  const home = new Map(files.flatMap((file) => typesOf(file).map((type) => [type, file.name])));
  return ({ name, messageType, extension, service, dependency }) => {
    const used = [
      ...messageType.map((message) => referencesOf(DescriptorProtoSchema, message, NO_OPTIONS)),
      ...extension.map((one) => referencesOf(FieldDescriptorProtoSchema, one, NO_OPTIONS)),
      ...service.flatMap(({ method }) =>
        method.map((one) => referencesOf(MethodDescriptorProtoSchema, one, NO_OPTIONS)),
      ),
    ];
    const homes = used.flatMap((types) => [...types].flatMap((type) => home.get(type) ?? []));
    return [...dependency, ...homes].filter((other) => other !== name);
  };
}

function ordered(
  byName: ReadonlyMap<string, FileDescriptorProto>,
  needs: (file: FileDescriptorProto) => readonly string[],
): readonly FileDescriptorProto[] {
  const found = new Set<FileDescriptorProto>();
  const visited = new Set<string>();
  const visit = (name: string): void => {
    const file = byName.get(name);
    if (file === undefined || visited.has(name)) return;
    visited.add(name);
    needs(file).forEach(visit);
    found.add(file);
  };
  for (const name of byName.keys()) visit(name);
  return [...found];
}
