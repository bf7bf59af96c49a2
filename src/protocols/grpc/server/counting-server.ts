import { requireService } from '../../contract-errors.js';
import { type AnsweredCall, RunningCalls } from '../../running-calls.js';
import { GrpcError } from '../shared/errors.js';
import { status } from '../shared/grpc-js.js';
import type { HandlersOf, ServiceDefinition } from '../shared/service-definition.js';
import type { GrpcServer } from './grpc-server.js';
import { ownMethod } from './own-method.js';

/** Counts the calls of a plugin's services; after `drain` calls fail with UNAVAILABLE, as they would without a server. */
export function grpcRunningCalls(): RunningCalls {
  return new RunningCalls(
    () => new GrpcError(status.UNAVAILABLE, 'The plugin is shutting down and accepts no more calls.'),
  );
}

/** The same server, with the calls of services that are added by their definition counted; calls with a stream of responses are not. */
export function countingServer(server: GrpcServer, calls: RunningCalls): GrpcServer {
  return {
    get serviceNames() {
      return server.serviceNames;
    },
    addService: (definition, service, limits) =>
      server.addService(definition, countedService(definition, service, calls), limits),
    addGrpcJsService: (definition, implementation) => server.addGrpcJsService(definition, implementation),
    inject: (connection) => server.inject(connection),
    drain: (options) => server.drain(options),
    close: () => server.close(),
  };
}

type Handler = (request: unknown, call: unknown) => unknown;

function countedService<D extends ServiceDefinition>(
  definition: D,
  service: HandlersOf<D>,
  calls: RunningCalls,
): HandlersOf<D> {
  requireService(definition.fullName, service);
  const counted = Object.entries(definition.methods).flatMap(([key, { responseStream }]): [string, Handler][] => {
    const handler = ownMethod(service, key) as Handler | undefined;
    if (handler === undefined) return [];
    if (!responseStream)
      return [[key, (request, call) => calls.run(() => handler(request, call), call as AnsweredCall)]];
    const uncounted: Handler = (request, call) => {
      calls.throwIfDraining();
      return handler(request, call);
    };
    return [[key, uncounted]];
  });
  // Every method of the service under its own key, of its own type.
  return Object.fromEntries(counted) as HandlersOf<D>;
}
