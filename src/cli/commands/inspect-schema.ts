import type { DescMethod } from '@bufbuild/protobuf';
import type { CliContext } from '../process/context.js';
import { UsageError } from '../process/exit-code.js';
import { excerpt } from '../schema/excerpt.js';
import { fileText } from '../schema/proto-text/file-text.js';
import { Names } from '../schema/proto-text/scope.js';
import { pathOf, type Schema } from '../schema/schema.js';
import { template } from '../schema/template.js';
import { isWellKnown, saveDescriptors, saveProtos } from '../schema/written-schema.js';
import { visible } from '../terminal/visible.js';

/** What `inspect` does with the types of a plugin. */
export interface SchemaFlags {
  readonly json: boolean;
  readonly template: boolean;
  readonly saveDescriptors?: string;
  readonly saveProtos?: string;
}

/** Writes the files that were asked for, and tells it. */
export async function saveSchema(
  schema: Schema,
  { saveDescriptors: file, saveProtos: directory }: SchemaFlags,
  { process: { stderr } }: CliContext,
): Promise<void> {
  if (file === undefined && directory === undefined) return;
  for (const [name, imported] of schema.missing) {
    stderr.write(`Left out of ${name} what needs ${imported}, which the plugin does not describe.\n`);
  }
  if (file !== undefined) {
    await saveDescriptors(file, schema.registry);
    stderr.write(`Wrote ${file}.\n`);
  }
  if (directory !== undefined) {
    const names = await saveProtos(directory, schema.registry);
    stderr.write(`Wrote ${names.length} .proto ${names.length === 1 ? 'file' : 'files'} into ${directory}.\n`);
  }
}

/**
 * What is printed of a method or a type: its .proto text with what that uses, or a request to fill in. Undefined where the name is that of a
 * service, or there is none.
 */
export function schemaText(schema: Schema, name: string | undefined, flags: SchemaFlags): string | undefined {
  if (name === undefined) {
    if (!flags.template) return undefined;
    throw new UsageError('--template wants the name of a method or a message.');
  }
  if (isService(schema, name)) {
    if (!flags.template) return undefined;
    throw new UsageError(`--template wants a method or a message, and ${name} is a service.`);
  }
  const found = only(name, schema.methodsNamed(name), pathOf) ?? only(name, schema.typesNamed(name), typeNameOf);
  if (found === undefined) throw new UsageError(`The plugin has no service, method or type ${name}.${hintOf(schema)}`);
  if (!flags.template) {
    const proto = protoText(schema, found);
    return flags.json ? JSON.stringify({ name, proto }, undefined, 2) : visible(proto);
  }
  if (found.kind === 'enum') throw new UsageError(`--template wants a method or a message, and ${name} is an enum.`);
  return JSON.stringify(template(found.kind === 'rpc' ? found.input : found), undefined, 2);
}

type Named = DescMethod | ReturnType<Schema['typesNamed']>[number];

function typeNameOf({ typeName }: { readonly typeName: string }): string {
  return typeName;
}

function isService({ services }: Schema, name: string): boolean {
  return [...services.keys()].some((service) => service === name || service.endsWith(`.${name}`));
}

function hintOf({ services }: Schema): string {
  return ` Its services: ${[...services.keys()].join(', ') || 'none'}.`;
}

function only<T>(name: string, [found, ...others]: readonly T[], nameOf: (one: T) => string): T | undefined {
  if (found === undefined || others.length === 0) return found;
  throw new UsageError(`${name} may mean ${[found, ...others].map(nameOf).join(', ')}. Give the whole name.`);
}

/** Files as one text, each under its name. Those that every compiler has are left out. */
function protoText({ registry }: Schema, found: Named): string {
  const files =
    found.kind === 'rpc' ? excerpt(registry, found.parent.typeName, found.name) : excerpt(registry, found.typeName);
  const [first, ...others] = files ?? [];
  const shown = [first!, ...others.filter((file) => !isWellKnown(file))];
  const names = Names.of(registry);
  return shown
    .map((file) => `// ${file.name}\n${fileText(file, registry, names)}`)
    .join('\n')
    .trimEnd();
}
