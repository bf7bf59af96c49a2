import { DESCRIPTOR_SET_BASE64 } from '../gen/descriptors.js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from '../gen/grpc/reflection/v1/reflection.js';
import type { GrpcServer } from '../server/grpc-server.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { StreamCallContext } from '../shared/service-definition.js';
import { DescriptorIndex } from './descriptor-index.js';
import { type FileDescriptor, parseDescriptorSet } from './descriptors.js';
import { OWN_SERVICE_LIMITS } from './limits.js';

/** The older version of the protocol, for grpcurl and older clients. It has the same messages. */
const V1_ALPHA = { ...V1, fullName: 'grpc.reflection.v1alpha.ServerReflection' } as const;

/** What the reflection service can describe. */
export interface ReflectionOptions {
  /** Serialized FileDescriptorSets of the application's services, with their dependencies. The library's own services are known. */
  readonly descriptorSets?: readonly Uint8Array[];
}

/**
 * Adds the reflection service, by which clients ask what a server offers, in both versions of the protocol. Every service of the server is
 * listed, also one that is added later; it is described if its descriptors were given. Throws OptionsError for a malformed descriptor
 * set.
 */
export function addReflection(server: GrpcServer, options: ReflectionOptions = {}): void {
  const files = (options.descriptorSets ?? []).flatMap((set) => parseDescriptorSet(set));
  let index: DescriptorIndex | undefined;
  const serverReflectionInfo = async function* (
    _requests$: unknown,
    call: Pick<StreamCallContext<ServerReflectionRequest>, 'requests'>,
  ): AsyncGenerator<Partial<ServerReflectionResponse>> {
    index ??= new DescriptorIndex([...files, ...ownFiles()]);
    const sent = new Set<string>();
    for await (const request of call.requests) {
      const messageResponse = answer(request, index, sent, server.serviceNames);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  };
  server.addService(V1, { serverReflectionInfo }, OWN_SERVICE_LIMITS);
  server.addService(V1_ALPHA, { serverReflectionInfo }, OWN_SERVICE_LIMITS);
}

function ownFiles(): FileDescriptor[] {
  return parseDescriptorSet(Buffer.from(DESCRIPTOR_SET_BASE64, 'base64'));
}

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

function answer(
  { messageRequest: asked }: ServerReflectionRequest,
  index: DescriptorIndex,
  sent: Set<string>,
  serviceNames: readonly string[],
): Answer {
  const fileAnswer = (file: FileDescriptor | undefined, what: string): Answer => {
    if (file === undefined) return notFound(what);
    const fileDescriptorProto = index.withDependencies(file, sent);
    return { $case: 'fileDescriptorResponse', fileDescriptorResponse: { fileDescriptorProto } };
  };
  switch (asked?.$case) {
    case 'fileByFilename':
      return fileAnswer(index.fileNamed(asked.fileByFilename), `file ${asked.fileByFilename}`);
    case 'fileContainingSymbol':
      return fileAnswer(index.fileDeclaring(asked.fileContainingSymbol), `symbol ${asked.fileContainingSymbol}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = asked.fileContainingExtension;
      return fileAnswer(
        index.fileExtending(containingType, extensionNumber),
        `extension ${extensionNumber} of ${containingType}`,
      );
    }
    case 'allExtensionNumbersOfType':
      return extensionsAnswer(asked.allExtensionNumbersOfType, index);
    case 'listServices': {
      const service = [...serviceNames].sort().map((name) => ({ name }));
      return { $case: 'listServicesResponse', listServicesResponse: { service } };
    }
    case undefined:
      throw new GrpcError(
        Status.INVALID_ARGUMENT,
        'invalid MessageRequest: the reflection request asks for nothing known',
      );
  }
}

function extensionsAnswer(baseTypeName: string, index: DescriptorIndex): Answer {
  const extensionNumber = index.extensionsOf(baseTypeName);
  if (extensionNumber === undefined) return notFound(`message ${baseTypeName}`);
  return { $case: 'allExtensionNumbersResponse', allExtensionNumbersResponse: { baseTypeName, extensionNumber } };
}

function notFound(what: string): Answer {
  return { $case: 'errorResponse', errorResponse: { errorCode: Status.NOT_FOUND, errorMessage: `not found: ${what}` } };
}
