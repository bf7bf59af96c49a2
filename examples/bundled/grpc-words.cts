/**
 * What rxplug's own gRPC server needs of grpc-js. The rest of it would be loaded for nothing, and node:http2 and node:tls with it:
 * 10 ms at every start.
 */
import constants = require('@grpc/grpc-js/build/src/constants.js');
import metadata = require('@grpc/grpc-js/build/src/metadata.js');

export = { Metadata: metadata.Metadata, status: constants.Status };
