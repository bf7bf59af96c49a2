import { ClosedError } from '../../../errors.js';
import type { Listener } from '../../../transports/transport.js';
import type { YamuxOptions } from '../../../transports/yamux/options.js';
import type { ServerConnection } from '../../protocol.js';
import { firstSession } from './first-session.js';
import { MuxedStreams } from './muxed-streams.js';

/** A plugin's single connection from its host. */
export interface MuxedPlugin {
  /** Emits main channels: the streams without a knock. Completes when the session has ended: there will be no other. */
  readonly listener: Listener;
  readonly streams: MuxedStreams;
}

export interface MuxedPluginOptions {
  /** How long an expected stream is waited for. */
  readonly expectMs: number;
  /** How long the host may take to connect. */
  readonly firstConnectionTimeoutMs: number;
  readonly yamux: YamuxOptions;
}

/** Waits for the host on the plugin's main listener, which it owns from here on (go-plugin grpcmux/grpc_server_muxer.go). */
export function acceptMuxed(
  { listener, logger }: Pick<ServerConnection, 'listener' | 'logger'>,
  { expectMs, firstConnectionTimeoutMs, yamux }: MuxedPluginOptions,
): MuxedPlugin {
  const session = firstSession(listener, firstConnectionTimeoutMs, yamux);
  const streams = new MuxedStreams(session, { expectMs });
  session.catch((error: unknown) => {
    if (!(error instanceof ClosedError)) logger.error('no host has connected', { error });
  });
  const close = async () => {
    await listener.close();
    await session.then(
      (established) => established.close(),
      () => {},
    );
  };
  return { listener: { address: listener.address, connection$: streams.mainStream$, close }, streams };
}
