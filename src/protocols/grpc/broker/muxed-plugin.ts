import { ClosedError } from '../../../errors.js';
import type { Listener } from '../../../transports/transport.js';
import type { ServerConnection } from '../../protocol.js';
import { firstSession } from './first-session.js';
import { MuxedStreams } from './muxed-streams.js';

/** A plugin's one connection from its host. */
export interface MuxedPlugin {
  /** Main channels: the streams that nothing announced. Completes when the session has ended, for there will be no other. */
  readonly listener: Listener;
  readonly streams: MuxedStreams;
}

export interface MuxedPluginOptions {
  readonly claimMs: number;
  /** How long the host may take to connect. */
  readonly firstConnectionTimeoutMs: number;
}

/** Waits for the host on the plugin's main listener, which it owns from here on (go-plugin grpcmux/grpc_server_muxer.go). */
export function acceptMuxed(
  { listener, logger }: Pick<ServerConnection, 'listener' | 'logger'>,
  { claimMs, firstConnectionTimeoutMs }: MuxedPluginOptions,
): MuxedPlugin {
  const session = firstSession(listener, firstConnectionTimeoutMs);
  const streams = new MuxedStreams(session, { claimMs });
  session.catch((error: unknown) => {
    if (!(error instanceof ClosedError)) logger.error('no host to multiplex with', { error });
  });
  const close = async () => {
    await listener.close();
    await session.then(
      (established) => established.close(),
      () => {},
    );
  };
  return { listener: { address: listener.address, connection$: streams.unclaimed$, close }, streams };
}
