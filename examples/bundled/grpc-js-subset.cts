/**
 * The part of grpc-js that rxplug's own gRPC server uses. Loading all of grpc-js, with node:http2 and node:tls, would add 10 ms to
 * every start.
 */
import constants = require('@grpc/grpc-js/build/src/constants.js');
import metadata = require('@grpc/grpc-js/build/src/metadata.js');

export = { Metadata: metadata.Metadata, status: constants.Status };
