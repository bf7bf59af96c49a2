import type { Registry } from '@bufbuild/protobuf';
import {
  Edition,
  type FileDescriptorProto,
  FileOptionsSchema,
  type MethodDescriptorProto,
  MethodOptionsSchema,
  type ServiceDescriptorProto,
  ServiceOptionsSchema,
} from '@bufbuild/protobuf/wkt';
import { enumText } from './enum-text.js';
import type { FileContext } from './field-text.js';
import { block, type Lines, paragraphs } from './lines.js';
import { stringLiteral } from './literals.js';
import { declarations, extensionMembers } from './message-text.js';
import { OptionPrinter } from './options.js';
import { joined, type Names } from './scope.js';

/**
 * The text of a .proto file, which compilers read to the same descriptor. Not in it: comments, and options that `registry` does not
 * declare. `names`: all that the file and those that it imports declare.
 */
export function fileText(file: FileDescriptorProto, registry: Registry, names: Names): string {
  const { package: scope, enumType, messageType, extension, service } = file;
  const syntax = file.syntax === '' ? 'proto2' : file.syntax;
  const context: FileContext = { syntax, names, options: new OptionPrinter(registry, names) };
  const lines = paragraphs([
    [syntaxOf(file)],
    scope === '' ? [] : [`package ${scope};`],
    importsOf(file),
    context.options.print(FileOptionsSchema, file.options, scope).map((option) => `option ${option};`),
    ...service.map((one) => serviceText(one, scope, context)),
    ...enumType.map((one) => enumText(one, scope, context)),
    ...declarations(messageType, [], extensionMembers(extension, messageType, scope, context), scope, context),
  ]);
  return `${lines.join('\n')}\n`;
}

function syntaxOf({ syntax, edition }: FileDescriptorProto): string {
  if (syntax !== 'editions') return `syntax = "${syntax === '' ? 'proto2' : syntax}";`;
  return `edition = "${(Edition[edition] ?? String(edition)).replace('EDITION_', '')}";`;
}

function importsOf(file: FileDescriptorProto): Lines {
  const imports = file.dependency.map((name, index) => {
    const kind = file.publicDependency.includes(index) ? 'public ' : file.weakDependency.includes(index) ? 'weak ' : '';
    return `import ${kind}${stringLiteral(name)};`;
  });
  return [...imports, ...file.optionDependency.map((name) => `import option ${stringLiteral(name)};`)];
}

function serviceText(service: ServiceDescriptorProto, scope: string, context: FileContext): Lines {
  const name = joined(scope, service.name);
  return block(`service ${service.name}`, [
    ...context.options.print(ServiceOptionsSchema, service.options, name).map((option) => `option ${option};`),
    ...service.method.flatMap((method) => methodText(method, name, context)),
  ]);
}

function methodText(method: MethodDescriptorProto, scope: string, context: FileContext): Lines {
  const typeOf = (type: string, streams: boolean): string =>
    `${streams ? 'stream ' : ''}${context.names.typeName(type.replace(/^\./, ''), scope)}`;
  const request = typeOf(method.inputType, method.clientStreaming);
  const response = typeOf(method.outputType, method.serverStreaming);
  const header = `rpc ${method.name}(${request}) returns (${response})`;
  const options = context.options.print(MethodOptionsSchema, method.options, scope);
  return options.length === 0
    ? [`${header};`]
    : block(
        header,
        options.map((option) => `option ${option};`),
      );
}
