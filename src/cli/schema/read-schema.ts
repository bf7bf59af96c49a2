import { readFile } from 'node:fs/promises';
import { type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type GrpcChannel, GrpcError, status } from 'rxplug/grpc';
import { UsageError } from '../process/exit-code.js';
import { compileProtos, isProtoSource } from '../tools/compile-protos.js';
import { type Reflected, reflect } from './reflection.js';
import { Schema } from './schema.js';

/**
 * What a plugin tells of itself, and of types and services of these full names, completed by descriptors for what it does not describe.
 * Throws UsageError, GrpcError.
 */
export async function readSchema(
  channel: GrpcChannel,
  descriptorSets: readonly string[],
  symbols: readonly string[] = [],
): Promise<Schema> {
  const given = (await Promise.all(descriptorSets.map(readDescriptorSet))).flat();
  const { services, files } = await reflectIfPossible(channel, symbols);
  const byName = new Map([...given.map((file) => [file.name, file] as const), ...files]);
  // Without reflection nobody says which of the services are there.
  const declared = given.flatMap((file) => file.service.map(({ name }) => fullName(file, name))).sort();
  return new Schema(services.length > 0 ? services : declared, byName.values());
}

function fullName({ package: scope }: FileDescriptorProto, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}

/** The types that a plugin describes when it is asked for them by name. */
export async function readSymbols(channel: GrpcChannel, symbols: readonly string[]): Promise<FileRegistry> {
  const { services, files } = await reflectIfPossible(channel, symbols);
  return new Schema(services, files.values()).registry;
}

async function reflectIfPossible(channel: GrpcChannel, symbols: readonly string[]): Promise<Reflected> {
  try {
    return await reflect(channel, symbols);
  } catch (error) {
    if (GrpcError.is(error) && error.status === status.UNIMPLEMENTED) return { services: [], files: new Map() };
    throw error;
  }
}

/** A serialized FileDescriptorSet, as `buf build -o FILE` and `protoc --include_imports -o FILE` write it, or the source of one. */
async function readDescriptorSet(path: string): Promise<readonly FileDescriptorProto[]> {
  if (await isProtoSource(path)) return fromBinary(FileDescriptorSetSchema, await compileProtos(path)).file;
  try {
    return fromBinary(FileDescriptorSetSchema, await readFile(path)).file;
  } catch (error) {
    throw new UsageError(
      `Cannot read descriptors from ${path}: ${(error as Error).message}. Expected a .proto file, a folder of them, or a file that buf build -o FILE has written.`,
    );
  }
}
