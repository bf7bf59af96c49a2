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
import { CommandFailure, ExitCode } from '../process/exit-code.js';
import { completeFiles } from './complete-files.js';

/** The services of a plugin, and the types of their messages. */
export class Schema {
  readonly registry: FileRegistry;
  readonly #services: readonly string[];
  readonly #missing: ReadonlyMap<string, string>;

  /** `services`: full names of those that are there, described or not. */
  constructor(services: readonly string[], files: Iterable<FileDescriptorProto>) {
    const { files: complete, missing } = completeFiles(files);
    this.registry = registryOf(complete);
    this.#services = services;
    this.#missing = missing;
  }

  /** Every service by name; undefined where it is not described. */
  get services(): ReadonlyMap<string, DescService | undefined> {
    return new Map(this.#services.map((name) => [name, this.registry.getService(name)]));
  }

  /** Files of which what needs a missing one is left out: the name of that, by theirs. */
  get missing(): ReadonlyMap<string, string> {
    return this.#missing;
  }

  /** The file without which a service is described in part only. */
  missingFor(service: string): string | undefined {
    const file = this.registry.getService(service)?.file.proto.name;
    return file === undefined ? undefined : this.#missing.get(file);
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

/** Throws CommandFailure for files that no compiler has made, as with imports in a circle or a type that is none. */
function registryOf(files: readonly FileDescriptorProto[]): FileRegistry {
  try {
    return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
  } catch (error) {
    throw new CommandFailure(ExitCode.bad, `The descriptors contradict each other: ${(error as Error).message}.`);
  }
}

/** `kv.v1.KV/Get`, as on the wire but for the slash at the beginning. */
export function pathOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

function fullNameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}.${name}`;
}
