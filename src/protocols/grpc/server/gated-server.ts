import { CallGate } from '../../call-gate.js';
import { GrpcError } from '../shared/errors.js';
import { status } from '../shared/grpc-js.js';
import type { ServiceDefinition, ServiceOf } from '../shared/service-definition.js';
import type { GrpcServer } from './grpc-server.js';

/** A gate that answers late calls with UNAVAILABLE, as a server that is gone would. */
export function grpcCallGate(): CallGate {
  return new CallGate(() => new GrpcError(status.UNAVAILABLE, 'The plugin is ending and takes no more calls.'));
}

/** The same server, but what is added to it by its definition is called through the gate; responses in streams are not waited for. */
export function gatedServer(server: GrpcServer, gate: CallGate): GrpcServer {
  return {
    get serviceNames() {
      return server.serviceNames;
    },
    addService: (definition, service) => server.addService(definition, gatedService(definition, service, gate)),
    addGrpcJsService: (definition, implementation) => server.addGrpcJsService(definition, implementation),
    inject: (connection) => server.inject(connection),
    drain: (options) => server.drain(options),
    close: () => server.close(),
  };
}

type Handler = (request: unknown, call: unknown) => unknown;

function gatedService<D extends ServiceDefinition>(definition: D, service: ServiceOf<D>, gate: CallGate): ServiceOf<D> {
  const gated: Record<string, Handler> = {};
  for (const [key, { responseStream }] of Object.entries(definition.methods)) {
    const found: unknown = Reflect.get(service, key);
    if (typeof found !== 'function') continue;
    const handler = found.bind(service) as Handler;
    gated[key] = responseStream
      ? (request, call) => {
          gate.check();
          return handler(request, call);
        }
      : (request, call) => gate.run(() => handler(request, call));
  }
  // Every method of the service under its own key, of its own type.
  return gated as ServiceOf<D>;
}
