import { Subscription } from 'rxjs';
import type { ClientConnection } from '../../protocol.js';
import type { GrpcChannel } from '../client/channel.js';
import { createGrpcClient } from '../client/client.js';
import { GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import { OWN_CALL_OPTIONS } from '../services/limits.js';
import { Broker } from './broker.js';
import { openHostLink, type Reconnection } from './host-link.js';
import { BrokerLink } from './link.js';
import { MuxedRoute } from './muxed-route.js';
import type { MuxedStreams } from './muxed-streams.js';
import type { BrokerSettings } from './options.js';
import { SocketRoute } from './socket-route.js';

/** The exit of a process is noticed about as soon as the end of its connections. One of these may also end without the process. */
const REASON_TIMEOUT_MS = 250;

/**
 * Opens a host's broker, over `streams` if connections are multiplexed. Its StartStream call begins at once (go-plugin grpc_client.go
 * newGRPCClient).
 */
export function openHostBroker(
  mainChannel: GrpcChannel,
  streams: MuxedStreams | undefined,
  { network, tls, logger }: Pick<ClientConnection, 'network' | 'tls' | 'logger'>,
  { enabled, timeoutMs, ...options }: BrokerSettings,
  reconnection?: Reconnection,
): Broker {
  const link = new BrokerLink({ timeoutMs });
  const route =
    streams === undefined
      ? new SocketRoute({ link, network, timeoutMs, logger })
      : new MuxedRoute({ link, streams, timeoutMs });
  const closeLink = (): void => call.unsubscribe();
  const broker = new Broker({
    ...options,
    link,
    route,
    closeLink,
    tls,
    reasonTimeoutMs: REASON_TIMEOUT_MS,
    keepsAlive: false,
  });
  const client = createGrpcClient(mainChannel, GRPCBrokerDefinition, { defaults: OWN_CALL_OPTIONS });
  const call = enabled ? openHostLink(link, client, { logger, reconnection }) : new Subscription();
  if (!enabled) link.end('it is left to another host (`grpc.broker.enabled` is false)');
  return broker;
}
