import { DESCRIPTOR_SET_BASE64 } from '../gen/descriptors.js';
import { ServerReflectionRequest, ServerReflectionResponse } from '../gen/grpc/reflection/v1/reflection.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import { DescriptorIndex } from './descriptor-index.js';
import { type FileDescriptor, parseDescriptorSet } from './descriptors.js';

/** Answers the requests of one stream, with the application's files and our own; both in encoded form. */
export async function* reflect(
  requests: AsyncIterable<Uint8Array>,
  files: readonly FileDescriptor[],
  serviceNames: readonly string[],
): AsyncGenerator<Uint8Array> {
  const index = new DescriptorIndex([...files, ...ownFiles()]);
  const sent = new Set<string>();
  for await (const bytes of requests) {
    const request = requestIn(bytes);
    const messageResponse = answer(request, index, sent, serviceNames);
    const response = { validHost: request.host, originalRequest: request, messageResponse };
    yield ServerReflectionResponse.encode(ServerReflectionResponse.fromPartial(response)).finish();
  }
}

function requestIn(bytes: Uint8Array): ServerReflectionRequest {
  try {
    return ServerReflectionRequest.decode(bytes);
  } catch (cause) {
    throw new GrpcError(Status.INTERNAL, 'the reflection request cannot be decoded', { cause });
  }
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
