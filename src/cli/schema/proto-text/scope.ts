import type { FileRegistry } from '@bufbuild/protobuf';
import type { DescriptorProto, EnumDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';

/** Every name that is declared, packages too: what decides which type a short name means. */
export class Names {
  readonly #declared = new Set<string>();

  constructor(files: Iterable<FileDescriptorProto>) {
    for (const file of files) this.#addFile(file);
  }

  static of(registry: FileRegistry): Names {
    return new Names([...registry.files].map(({ proto }) => proto));
  }

  /** The shortest name that means `fullName` when it is read in `scope`: `Get`, `v1.Get`, or `.kv.v1.Get` where nothing shorter does. */
  typeName(fullName: string, scope: string): string {
    const parts = fullName.split('.');
    const shared = sharedParts(parts, scope.split('.'));
    for (let from = Math.min(shared, parts.length - 1); from >= 0; from--) {
      const name = parts.slice(from).join('.');
      if (this.#meaning(name, scope) === fullName) return name;
    }
    return `.${fullName}`;
  }

  /** The whole name of an option, which begins with a dot where an inner scope declares the first part of it. */
  optionName(fullName: string, scope: string): string {
    return this.#meaning(fullName, scope) === fullName ? fullName : `.${fullName}`;
  }

  /** Compilers look for the first part of a name from the innermost scope outwards, and take the first that they find. */
  #meaning(name: string, scope: string): string {
    const first = name.split('.', 1)[0]!;
    for (let at = scope; at !== ''; at = parentOf(at)) {
      if (this.#declared.has(`${at}.${first}`)) return `${at}.${name}`;
    }
    return name;
  }

  #addFile(file: FileDescriptorProto): void {
    for (let at = file.package; at !== ''; at = parentOf(at)) this.#declared.add(at);
    for (const message of file.messageType) this.#addMessage(message, file.package);
    for (const one of file.enumType) this.#addEnum(one, file.package);
    for (const field of file.extension) this.#add(field.name, file.package);
    for (const service of file.service) {
      const name = this.#add(service.name, file.package);
      for (const method of service.method) this.#add(method.name, name);
    }
  }

  #addMessage(message: DescriptorProto, scope: string): void {
    const name = this.#add(message.name, scope);
    for (const member of [...message.field, ...message.extension, ...message.oneofDecl]) this.#add(member.name, name);
    for (const nested of message.nestedType) this.#addMessage(nested, name);
    for (const nested of message.enumType) this.#addEnum(nested, name);
  }

  /** The values of an enum are names of the scope that the enum stands in. */
  #addEnum({ name, value }: EnumDescriptorProto, scope: string): void {
    this.#add(name, scope);
    for (const one of value) this.#add(one.name, scope);
  }

  #add(name: string, scope: string): string {
    const full = joined(scope, name);
    this.#declared.add(full);
    return full;
  }
}

/** A name in a scope; the scope of a file without a package is empty. */
export function joined(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0));
}

function sharedParts(left: readonly string[], right: readonly string[]): number {
  const end = left.findIndex((part, index) => part !== right[index]);
  return end < 0 ? left.length : end;
}
