import {
  create,
  createFileRegistry,
  type DescEnum,
  type DescMessage,
  type DescMethod,
  type DescService,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The services of a plugin, and the types of their messages. */
export class Schema {
  readonly registry: FileRegistry;
  readonly #services: readonly string[];
  readonly #missing: ReadonlyMap<string, string>;

  /** `services`: full names of those that are there, described or not. */
  constructor(services: readonly string[], files: Iterable<FileDescriptorProto>) {
    const { complete, missing } = inOrder(files);
    this.registry = createFileRegistry(create(FileDescriptorSetSchema, { file: complete }));
    this.#services = services;
    this.#missing = missing;
  }

  /** Every service by name; undefined where it is not described. */
  get services(): ReadonlyMap<string, DescService | undefined> {
    return new Map(this.#services.map((name) => [name, this.registry.getService(name)]));
  }

  /** Files that are left out because one that they import is missing: its name, by theirs. */
  get missing(): ReadonlyMap<string, string> {
    return this.#missing;
  }

  /**
   * The method that a name means: `kv.v1.KV/Get`, `kv.v1.KV.Get`, or any ending of that, as `KV/Get` and `Get`. More than one where the name
   * is short and ambiguous.
   */
  methodsNamed(name: string): readonly DescMethod[] {
    const wanted = name.replace(/^\//, '').replace('/', '.');
    const methods = [...this.services.values()].flatMap((service) => service?.methods ?? []);
    const exact = methods.filter((method) => fullNameOf(method) === wanted);
    return exact.length > 0 ? exact : methods.filter((method) => `.${fullNameOf(method)}`.endsWith(`.${wanted}`));
  }

  /** The messages and enums that a name means: `kv.v1.Entry`, or any ending of that, as `Entry`. */
  typesNamed(name: string): readonly (DescMessage | DescEnum)[] {
    const exact = this.registry.getMessage(name) ?? this.registry.getEnum(name);
    if (exact !== undefined) return [exact];
    return [...this.registry].filter(
      (type): type is DescMessage | DescEnum =>
        (type.kind === 'message' || type.kind === 'enum') && type.typeName.endsWith(`.${name}`),
    );
  }
}

/** `kv.v1.KV/Get`, as on the wire but for the slash at the beginning. */
export function pathOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

function fullNameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}.${name}`;
}

/** A registry wants each file after those that it imports. A file whose imports are not all there cannot be used. */
function inOrder(files: Iterable<FileDescriptorProto>): {
  readonly complete: FileDescriptorProto[];
  readonly missing: ReadonlyMap<string, string>;
} {
  const byName = new Map([...files].map((file) => [file.name, file]));
  const complete = new Map<string, FileDescriptorProto>();
  const missing = new Map<string, string>();
  const visit = (file: FileDescriptorProto, path: ReadonlySet<string>): boolean => {
    if (complete.has(file.name)) return true;
    if (missing.has(file.name) || path.has(file.name)) return false;
    for (const name of file.dependency) {
      const imported = byName.get(name);
      if (imported !== undefined && visit(imported, new Set([...path, file.name]))) continue;
      missing.set(file.name, missing.get(name) ?? name);
      return false;
    }
    complete.set(file.name, file);
    return true;
  };
  for (const file of byName.values()) visit(file, new Set());
  return { complete: [...complete.values()], missing };
}
