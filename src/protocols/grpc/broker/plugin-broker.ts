import type { ServerConnection } from '../../protocol.js';
import { GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import type { GrpcServer } from '../server/grpc-server.js';
import { OWN_SERVICE_SETTINGS } from '../services/limits.js';
import { Broker } from './broker.js';
import type { GrpcBroker } from './grpc-broker.js';
import { BrokerLink } from './link.js';
import { MuxedRoute } from './muxed-route.js';
import type { MuxedStreams } from './muxed-streams.js';
import type { BrokerSettings } from './options.js';
import { createBrokerService } from './service.js';
import { SocketRoute } from './socket-route.js';

/** Makes a plugin's broker, over `streams` if connections are multiplexed, and adds its service to the main server (go-plugin grpc_server.go Init). */
export function addPluginBroker(
  mainServer: GrpcServer,
  streams: MuxedStreams | undefined,
  { network, tls, logger }: Pick<ServerConnection, 'network' | 'tls' | 'logger'>,
  { timeoutMs, ...options }: BrokerSettings,
): GrpcBroker {
  const link = new BrokerLink({ timeoutMs });
  const route =
    streams === undefined
      ? new SocketRoute({ link, network, timeoutMs, logger })
      : new MuxedRoute({ link, streams, timeoutMs });
  mainServer.addService(GRPCBrokerDefinition, createBrokerService(link), OWN_SERVICE_SETTINGS);
  const closeLink = (): void => link.end();
  // A plugin whose host is gone ends itself: nobody waits for the reason.
  return new Broker({ ...options, link, route, closeLink, tls, reasonTimeoutMs: 0, keepsAlive: true });
}
