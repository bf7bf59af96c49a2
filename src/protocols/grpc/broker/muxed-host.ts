import type { Duplex } from 'node:stream';
import type { PluginError } from '../../../errors.js';
import type { Dialer } from '../../../transports/transport.js';
import type { YamuxOptions } from '../../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../../transports/yamux/session.js';
import type { ClientConnection } from '../../protocol.js';
import { MuxedStreams } from './muxed-streams.js';
import type { ResolvedBrokerOptions } from './options.js';

/** A host's single connection to a plugin that multiplexes. */
export interface MuxedHost {
  /** Opens main channels: streams without a knock. */
  readonly dialer: Dialer;
  readonly streams: MuxedStreams;
  /** Resolves when the connection is closed: with the error that ended it, or undefined after `close`. Never rejects. */
  readonly closed: Promise<PluginError | undefined>;
  close(): Promise<void>;
}

/**
 * Connects at once, and only once: the plugin accepts a single connection (go-plugin grpcmux/grpc_client_muxer.go). The connection
 * keeps the event loop alive only while a stream that was opened on it does.
 */
export async function connectMuxed(
  { dialer, signal }: Pick<ClientConnection, 'dialer' | 'signal'>,
  { timeoutMs }: Pick<ResolvedBrokerOptions, 'timeoutMs'>,
  yamux: YamuxOptions,
): Promise<MuxedHost> {
  const session = createYamuxSession(await dialer.dial({ signal }), { ...yamux, role: 'client' });
  session.unref();
  const streams = new MuxedStreams(Promise.resolve(session), { expectMs: timeoutMs, onOpened: addRefs(session) });
  return {
    dialer: { dial: (options) => streams.dial(options) },
    streams,
    closed: session.closed,
    close: () => session.close(),
  };
}

/** Gives streams `ref` and `unref`, as sockets have them. A new stream is unreferenced. */
function addRefs(session: YamuxSession): (stream: Duplex) => void {
  const referenced = new Set<Duplex>();
  return (stream) => {
    const ref = () => {
      referenced.add(stream);
      session.ref();
    };
    const unref = () => {
      if (referenced.delete(stream) && referenced.size === 0) session.unref();
    };
    stream.once('close', unref);
    Object.assign(stream, { ref, unref });
  };
}
