import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { firstValueFrom, Subject } from 'rxjs';
import type { ClientOf } from 'rxplug';
import { createGrpcClient, type GrpcChannel, GrpcError, status } from 'rxplug/grpc';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from '../../protocols/grpc/gen/grpc/reflection/v1/reflection.js';

/** The older version of the protocol. It has the same messages; grpc-go before 1.57 knows no other. */
const V1_ALPHA = { ...V1, fullName: 'grpc.reflection.v1alpha.ServerReflection' } as const;

/** Bound of all questions to one plugin together. */
const DEADLINE_MS = 10_000;

/** Bound of the files that a plugin may send: the largest providers of Terraform have two dozen. */
const MAX_FILES = 2000;

/** What a server says of itself. */
export interface Reflected {
  /** Full names of its services, sorted. */
  readonly services: readonly string[];
  /** The files that describe them, with what they import, as far as the server has them. */
  readonly files: ReadonlyMap<string, FileDescriptorProto>;
}

/**
 * Asks the reflection service of a server for its services and their files, and for those of other symbols. Rejects with GrpcError UNIMPLEMENTED when it has none, and with
 * the status of the call when that fails.
 */
export async function reflect(channel: GrpcChannel, symbols: readonly string[]): Promise<Reflected> {
  try {
    return await askAll(createGrpcClient(channel, V1), symbols);
  } catch (error) {
    if (!GrpcError.is(error) || error.status !== status.UNIMPLEMENTED) throw error;
    return await askAll(createGrpcClient(channel, V1_ALPHA), symbols);
  }
}

async function askAll(client: ClientOf<typeof V1>, symbols: readonly string[]): Promise<Reflected> {
  const conversation = new Conversation(client);
  try {
    const services = await conversation.listServices();
    const files = new Map<string, FileDescriptorProto>();
    const add = (found: readonly FileDescriptorProto[]): void => {
      for (const file of found) files.set(file.name, file);
      if (files.size > MAX_FILES) throw new Error(`The plugin describes itself in more than ${MAX_FILES} files.`);
    };
    for (const symbol of [...services, ...symbols]) add(await conversation.filesWith(symbol));
    const asked = new Set<string>();
    for (let missing = missingFrom(files, asked); missing.length > 0; missing = missingFrom(files, asked)) {
      for (const name of missing) {
        asked.add(name);
        add(await conversation.fileNamed(name));
      }
    }
    return { services, files };
  } finally {
    conversation.end();
  }
}

/** Servers may send imported files along with the one that was asked for, or not. */
function missingFrom(files: ReadonlyMap<string, FileDescriptorProto>, asked: ReadonlySet<string>): readonly string[] {
  const imported = [...files.values()].flatMap((file) => file.dependency);
  return [...new Set(imported)].filter((name) => !files.has(name) && !asked.has(name));
}

/** One stream, one question at a time. */
class Conversation {
  readonly #requests = new Subject<Partial<ServerReflectionRequest>>();
  readonly #answers = new Subject<ServerReflectionResponse>();

  constructor(client: ClientOf<typeof V1>) {
    client.serverReflectionInfo(this.#requests, { timeoutMs: DEADLINE_MS }).subscribe(this.#answers);
  }

  end(): void {
    this.#requests.complete();
  }

  async listServices(): Promise<readonly string[]> {
    const answer = await this.#ask({ $case: 'listServices', listServices: '' });
    if (answer?.$case !== 'listServicesResponse') return [];
    return answer.listServicesResponse.service.map(({ name }) => name).sort();
  }

  /** The file that declares a symbol, and perhaps others; empty where the server cannot find it, as with what gogo/protobuf has registered. */
  async filesWith(symbol: string): Promise<readonly FileDescriptorProto[]> {
    return filesOf(await this.#ask({ $case: 'fileContainingSymbol', fileContainingSymbol: symbol }));
  }

  async fileNamed(name: string): Promise<readonly FileDescriptorProto[]> {
    return filesOf(await this.#ask({ $case: 'fileByFilename', fileByFilename: name }));
  }

  async #ask(
    messageRequest: ServerReflectionRequest['messageRequest'],
  ): Promise<ServerReflectionResponse['messageResponse']> {
    const answer = firstValueFrom(this.#answers);
    this.#requests.next({ host: '', messageRequest });
    return (await answer).messageResponse;
  }
}

function filesOf(answer: ServerReflectionResponse['messageResponse']): readonly FileDescriptorProto[] {
  if (answer?.$case !== 'fileDescriptorResponse') return [];
  return answer.fileDescriptorResponse.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}
