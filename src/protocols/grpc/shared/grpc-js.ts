/** The words of gRPC that users know from grpc-js: status codes and metadata. */
export { Metadata, status } from '@grpc/grpc-js';
