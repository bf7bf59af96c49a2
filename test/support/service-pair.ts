import type { GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../src/protocols/grpc/client/client.js';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import type { ClientOf, ServiceDefinition, ServiceOf } from '../../src/protocols/grpc/shared/service-definition.js';
import { memoryDialer } from './dialers.js';
import { ENDPOINTS } from './engines.js';

/** A service and a client for it, connected in memory. */
export interface ServicePair<D extends ServiceDefinition> extends AsyncDisposable {
  readonly client: ClientOf<D>;
  readonly channel: GrpcChannel;
}

/** Connects two ends on different engines; `createGrpcPair` uses one engine for both. */
export function servicePair<D extends ServiceDefinition>(
  definition: D,
  service: ServiceOf<D>,
  engines: { readonly client: GrpcEngine; readonly server: GrpcEngine },
): ServicePair<D> {
  const server = ENDPOINTS[engines.server].createServer();
  server.addService(definition, service);
  const channel = ENDPOINTS[engines.client].createChannel({ dialer: memoryDialer((far) => server.inject(far)) });
  const close = async () => {
    await channel.close();
    await server.close();
  };
  return { client: createGrpcClient(channel, definition), channel, [Symbol.asyncDispose]: close };
}
