import { Container, ContainerModule } from 'inversify';
import type { Observable } from 'rxjs';
import { launchWith } from '../host/launch-plugin.js';
import type { ClientOptions } from '../host/options.js';
import { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import type { GrpcHostOptions } from '../protocols/grpc/client-protocol.js';
import type { GrpcEngine } from '../protocols/grpc/shared/grpc-engine.js';
import { fillHost } from './modules/host.js';
import { GRPC_ENGINE, GRPC_HOST_OPTIONS, HOST_PARTS } from './tokens.js';

/** What only the assembly knows: how protocols are spoken, and which parts are yours. */
export interface HostAssemblyOptions {
  /** HTTP/2, limits, interceptors, defaults of calls, the broker. */
  readonly grpc?: GrpcHostOptions;
  /** What all gRPC of this host stands on. @default 'native' */
  readonly grpcEngine?: GrpcEngine;
  /** Modules of your own; what they bind takes the place of the default part. */
  readonly modules?: readonly ContainerModule[];
}

/** A client for one plugin process. Nothing is started: subscribe to what you want to see, then `start`. Throws OptionsError. */
export function createClient<P extends PluginSet>(options: ClientOptions<P> & HostAssemblyOptions): PluginClient<P> {
  const container = new Container();
  const { grpc, grpcEngine, modules = [] } = options;
  container.load(...modules);
  if (grpc !== undefined) container.bind(GRPC_HOST_OPTIONS).toConstantValue(grpc);
  if (grpcEngine !== undefined) container.bind(GRPC_ENGINE).toConstantValue(grpcEngine);
  container.load(new ContainerModule(fillHost));
  return new PluginClient<P>(options, container.get(HOST_PARTS));
}

/**
 * A plugin as an Observable, cold: subscribing starts a process, the value is its connected client, unsubscribing stops it, and an
 * end that nobody asked for is an error. So `retry` is restart, `switchMap` is reload, `takeUntil` is scope.
 */
export function launch<P extends PluginSet>(
  options: ClientOptions<P> & HostAssemblyOptions,
): Observable<PluginClient<P>> {
  return launchWith(() => createClient(options));
}
