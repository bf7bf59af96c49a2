import type { ServerConnection } from '../../protocol.js';
import { GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import type { GrpcServer } from '../server/grpc-server.js';
import { OWN_SERVICE_SETTINGS } from '../services/limits.js';
import type { ServiceOf } from '../shared/service-definition.js';
import { Broker } from './broker.js';
import type { GrpcBroker } from './grpc-broker.js';
import { BrokerLink } from './link.js';
import { MuxedRoute } from './muxed-route.js';
import type { MuxedStreams } from './muxed-streams.js';
import type { BrokerSettings } from './options.js';
import { createBrokerService } from './service.js';
import { SocketRoute } from './socket-route.js';

type BrokerEnds = Pick<ServerConnection, 'network' | 'tls' | 'logger'>;

/** A plugin's broker, made when the host or a service first asks for it: it is built of Observables, and a plugin starts without rxjs. */
export class PluginBroker {
  readonly #make: () => Made;
  #made: Made | undefined;

  constructor(make: () => Made) {
    this.#make = make;
  }

  get broker(): GrpcBroker {
    return this.#get().broker;
  }

  /** What the host calls. */
  get service(): BrokerService {
    return { startStream: (request$, call) => this.#get().service.startStream(request$, call) };
  }

  async close(): Promise<void> {
    await this.broker.close();
  }

  #get(): Made {
    this.#made ??= this.#make();
    return this.#made;
  }
}

type BrokerService = ServiceOf<typeof GRPCBrokerDefinition>;

interface Made {
  readonly broker: GrpcBroker;
  readonly service: BrokerService;
}

/** Adds the service of a plugin's broker to the main server; over `streams` if connections are multiplexed (go-plugin grpc_server.go Init). */
export function addPluginBroker(
  mainServer: GrpcServer,
  streams: MuxedStreams | undefined,
  ends: BrokerEnds,
  settings: BrokerSettings,
): PluginBroker {
  const broker = new PluginBroker(() => makeBroker(streams, ends, settings));
  mainServer.addService(GRPCBrokerDefinition, broker.service, OWN_SERVICE_SETTINGS);
  return broker;
}

function makeBroker(
  streams: MuxedStreams | undefined,
  { network, tls, logger }: BrokerEnds,
  { timeoutMs, ...options }: BrokerSettings,
): Made {
  const link = new BrokerLink({ timeoutMs });
  const route =
    streams === undefined
      ? new SocketRoute({ link, network, timeoutMs, logger })
      : new MuxedRoute({ link, streams, timeoutMs });
  const closeLink = (): void => link.end();
  // A plugin whose host is gone ends itself: nobody waits for the reason.
  const broker = new Broker({ ...options, link, route, closeLink, tls, reasonTimeoutMs: 0, keepsAlive: true });
  return { broker, service: createBrokerService(link) };
}
