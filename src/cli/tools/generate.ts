import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../process/exit-code.js';
import { protoFilesIn } from './proto-files.js';
import { findTool, runTool } from './tool.js';

export interface Generation {
  /** Folder of .proto files; imports are looked for in it. */
  readonly source: string;
  /** Folder that is written into. Files that are there stay, unless they have the name of a generated one. */
  readonly output: string;
  /** What imports between generated files end with. */
  readonly importSuffix: '.js' | '.ts' | '';
}

/** What ts-proto has to know so that its code is a definition for `grpcPlugin`, with types that are as exact as the wire. */
export function tsProtoOptions(importSuffix: Generation['importSuffix']): readonly string[] {
  return [
    'esModuleInterop=true',
    `importSuffix=${importSuffix}`,
    'useExactTypes=false',
    'forceLong=bigint',
    'oneof=unions',
    'outputJsonMethods=false',
    'outputServices=generic-definitions',
    // Node runs TypeScript by leaving out its types, which an enum is more than.
    ...(importSuffix === '.ts' ? ['enumsAsLiterals=true'] : []),
  ];
}

/**
 * Generates TypeScript of a folder by ts-proto, run by whichever of buf and protoc is installed, and resolves with the name of that and the
 * number of files. Throws UsageError with what to install, or with what the compiler says.
 */
export async function generateCode(of: Generation): Promise<{ readonly by: string; readonly files: number }> {
  const files = await protoFilesIn(of.source);
  const plugin = await findTool(['protoc-gen-ts_proto'], process.cwd());
  if (plugin === undefined) throw new UsageError('ts-proto is not installed: npm install --save-dev ts-proto');
  const compiler = await findTool(['buf', 'protoc'], process.cwd());
  if (compiler === undefined) {
    throw new UsageError(
      'Neither buf nor protoc is installed. Install one: npm install --save-dev @bufbuild/buf, or protobuf-compiler of your system.',
    );
  }
  if (compiler.name === 'buf') await generateWithBuf(compiler.file, plugin.file, of);
  else await generateWithProtoc(compiler.file, plugin.file, of, files);
  return { by: compiler.name, files: files.length };
}

async function generateWithBuf(
  buf: string,
  plugin: string,
  { source, output, importSuffix }: Generation,
): Promise<void> {
  const generator = { local: plugin, out: output, strategy: 'all', opt: tsProtoOptions(importSuffix) };
  const template = JSON.stringify({ version: 'v2', plugins: [generator] });
  await runTool(buf, ['generate', source, '--template', template], process.cwd());
}

async function generateWithProtoc(
  protoc: string,
  plugin: string,
  { source, output, importSuffix }: Generation,
  files: readonly string[],
): Promise<void> {
  try {
    await mkdir(output, { recursive: true });
  } catch (error) {
    throw new UsageError(`Cannot write into ${output}: ${(error as Error).message}`);
  }
  const options = [
    `-I${resolve(source)}`,
    `--plugin=protoc-gen-ts_proto=${plugin}`,
    `--ts_proto_out=${resolve(output)}`,
    `--ts_proto_opt=${tsProtoOptions(importSuffix).join(',')}`,
  ];
  await runTool(protoc, [...options, ...files], resolve(source));
}
