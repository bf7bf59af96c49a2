import {
  type BindInWhenOnFluentSyntax,
  type BindToFluentSyntax,
  Container,
  type ContainerModule,
  type ServiceIdentifier,
} from 'inversify';
import { type HostGrpcOptions, hostParts } from '../assembly/host-parts.js';
import type { HostParts } from '../host/parts.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import type { ContainerModule as ApplicationModule } from './application-container.js';
import { token } from './token.js';
import {
  CERTIFICATE_AUTHORITY,
  CLIENT_REGISTRY,
  GRPC_CLIENT_PROTOCOL,
  GRPC_ENGINE,
  GRPC_HOST_OPTIONS,
  HOST_NETWORK,
  LOG_SINK,
  NETRPC_CLIENT_PROTOCOL,
  RUNNER,
} from './tokens.js';

/** The parts of a host: those that the modules bind, also asynchronously, and the defaults of the others. Rejects with OptionsError. */
export async function partsFromModules(
  modules: readonly ApplicationModule[],
  options: HostGrpcOptions,
): Promise<HostParts> {
  const container = new Container();
  await container.loadAsync(...(modules as readonly ContainerModule[]));
  const parts = token<HostParts>('host-parts');
  toResolvedWithHostParts(container.bind(parts), options, (made) => made);
  return await container.getAsync(parts);
}

/**
 * Binds to what `make` makes of the parts of a host: those that the container has bound, and the defaults of the others. Nothing is bound
 * for the defaults, so that what one module loads or unloads changes no other.
 */
export function toResolvedWithHostParts<T>(
  to: BindToFluentSyntax<T>,
  options: HostGrpcOptions,
  make: (parts: HostParts) => T,
): BindInWhenOnFluentSyntax<T> {
  return to.toResolvedValue(
    (createRunner, createNetwork, authority, logSink, clients, grpcOptions, grpcEngine?: GrpcEngine, grpc?, netrpc?) =>
      make(
        hostParts(options, {
          createRunner,
          createNetwork,
          certificateAuthority: authority,
          logSink,
          clients,
          grpcOptions,
          grpcEngine,
          grpcProtocol: grpc,
          netRpcProtocol: netrpc,
        }),
      ),
    [
      optional(RUNNER),
      optional(HOST_NETWORK),
      optional(CERTIFICATE_AUTHORITY),
      optional(LOG_SINK),
      optional(CLIENT_REGISTRY),
      optional(GRPC_HOST_OPTIONS),
      // inversify's type would want a token for each member of the union.
      optional(GRPC_ENGINE as ServiceIdentifier<never>),
      optional(GRPC_CLIENT_PROTOCOL),
      optional(NETRPC_CLIENT_PROTOCOL),
    ],
  );
}

interface Optional<T> {
  readonly serviceIdentifier: ServiceIdentifier<T>;
  readonly optional: true;
}

/** Injects what is bound to a token, or undefined: a part that nobody has bound has its default. */
function optional<T>(serviceIdentifier: ServiceIdentifier<T>): Optional<T> {
  return { serviceIdentifier, optional: true };
}
