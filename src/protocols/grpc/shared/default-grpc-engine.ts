/** What gRPC stands on when nobody says. In a file of its own, so that the suite can be run on the other engine. */
export const DEFAULT_GRPC_ENGINE = 'native';
