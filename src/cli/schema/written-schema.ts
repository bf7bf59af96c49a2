import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { create, type FileRegistry, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { CommandFailure, ExitCode, UsageError } from '../process/exit-code.js';
import { fileText } from './proto-text/file-text.js';
import { Names } from './proto-text/scope.js';

/** Every compiler has these files itself. */
export function isWellKnown({ name }: { readonly name: string }): boolean {
  return name.startsWith('google/protobuf/');
}

/** Writes a descriptor set into a folder that exists, which `buf generate FILE` and `--descriptors FILE` read. */
export async function saveDescriptors(path: string, registry: FileRegistry): Promise<void> {
  const file = [...registry.files].map(({ proto }) => proto);
  await save(path, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })));
}

/** Writes .proto files into a folder, and resolves with their names. */
export async function saveProtos(directory: string, registry: FileRegistry): Promise<readonly string[]> {
  const names = Names.of(registry);
  const files = [...registry.files].map(({ proto }) => proto).filter((file) => !isWellKnown(file));
  for (const file of files) {
    const path = join(directory, safeName(file));
    await attempt(directory, mkdir(dirname(path), { recursive: true }));
    await save(path, fileText(file, registry, names));
  }
  return files.map(({ name }) => name);
}

/** A plugin chooses the names of its files, and nothing is to be written outside of the folder. */
function safeName({ name }: FileDescriptorProto): string {
  const isSafe = /^[^\\:\0]+$/.test(name) && name.split('/').every((part) => !['', '.', '..'].includes(part));
  if (isSafe) return name;
  throw new CommandFailure(
    ExitCode.bad,
    `The plugin describes a file ${JSON.stringify(name)}. Expected a relative path that stays in the folder; nothing more was written.`,
  );
}

async function save(path: string, content: string | Uint8Array): Promise<void> {
  await attempt(path, writeFile(path, content));
}

async function attempt(path: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new UsageError(`Cannot write ${path}: ${(error as Error).message}`);
  }
}
