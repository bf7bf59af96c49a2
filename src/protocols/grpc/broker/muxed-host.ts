import type { Duplex } from 'node:stream';
import type { Dialer } from '../../../transports/transport.js';
import { createYamuxSession, type YamuxSession } from '../../../transports/yamux/session.js';
import type { ClientConnection } from '../../protocol.js';
import { MuxedStreams } from './muxed-streams.js';
import type { ResolvedBrokerOptions } from './options.js';

/** A host's one connection to a plugin that multiplexes. */
export interface MuxedHost {
  /** Opens main channels: streams that nothing announces. */
  readonly dialer: Dialer;
  readonly streams: MuxedStreams;
  close(): Promise<void>;
}

/**
 * Connects once, at once: the plugin waits for it, and lets nobody else in (go-plugin grpcmux/grpc_client_muxer.go). The connection
 * keeps the process alive only as long as one of the streams that were opened on it does.
 */
export async function connectMuxed(
  { dialer, signal }: Pick<ClientConnection, 'dialer' | 'signal'>,
  { timeoutMs }: Pick<ResolvedBrokerOptions, 'timeoutMs'>,
): Promise<MuxedHost> {
  const session = createYamuxSession(await dialer.dial({ signal }), { role: 'client' });
  session.unref();
  const streams = new MuxedStreams(Promise.resolve(session), { claimMs: timeoutMs, onOpened: holderOf(session) });
  return {
    dialer: { dial: (options) => streams.dial(options) },
    streams,
    close: () => session.close(),
  };
}

/** Gives streams `ref` and `unref`, as sockets have them; at first a stream holds nothing. */
function holderOf(session: YamuxSession): (stream: Duplex) => void {
  const holding = new Set<Duplex>();
  return (stream) => {
    const ref = () => {
      holding.add(stream);
      session.ref();
    };
    const unref = () => {
      if (holding.delete(stream) && holding.size === 0) session.unref();
    };
    stream.once('close', unref);
    Object.assign(stream, { ref, unref });
  };
}
