import { RunningCalls } from '../../running-calls.js';
import { GrpcError } from '../shared/errors.js';
import { status } from '../shared/grpc-js.js';
import type { ServiceDefinition, ServiceOf } from '../shared/service-definition.js';
import type { GrpcServer } from './grpc-server.js';

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
    addService: (definition, service) => server.addService(definition, countedService(definition, service, calls)),
    addGrpcJsService: (definition, implementation) => server.addGrpcJsService(definition, implementation),
    inject: (connection) => server.inject(connection),
    drain: (options) => server.drain(options),
    close: () => server.close(),
  };
}

type Handler = (request: unknown, call: unknown) => unknown;

function countedService<D extends ServiceDefinition>(
  definition: D,
  service: ServiceOf<D>,
  calls: RunningCalls,
): ServiceOf<D> {
  const counted: Record<string, Handler> = {};
  for (const [key, { responseStream }] of Object.entries(definition.methods)) {
    const found: unknown = Reflect.get(service, key);
    if (typeof found !== 'function') continue;
    const handler = found.bind(service) as Handler;
    counted[key] = responseStream
      ? (request, call) => {
          calls.throwIfDraining();
          return handler(request, call);
        }
      : (request, call) => calls.run(() => handler(request, call));
  }
  // Every method of the service under its own key, of its own type.
  return counted as ServiceOf<D>;
}
