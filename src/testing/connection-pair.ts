import type { Duplex } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { secureDialer, secureListener } from '../transports/tls/tls.js';
import { checkPairOptions, type PairOptions, pairTls, pairTransport } from './pair-options.js';

/** The two ends of one connection. */
export interface ConnectionPair extends AsyncDisposable {
  /** The end that dialed. */
  readonly client: Duplex;
  /** The end that accepted. */
  readonly server: Duplex;
  /** Destroys both ends. Idempotent; resolves when they are closed. */
  dispose(): Promise<void>;
}

/**
 * Two connected ends, with TLS if the options say so (go-plugin testing.go TestConn). The listener that made them is closed.
 *
 * @example
 * ```ts
 * await using pair = await createConnectionPair({ transport: 'unix' });
 * pair.client.write('hello');
 * const [chunk] = await once(pair.server, 'data');
 * ```
 */
export async function createConnectionPair(options: PairOptions = {}): Promise<ConnectionPair> {
  checkPairOptions('createConnectionPair', options);
  const transport = pairTransport(options);
  const tls = await pairTls(options);
  const plain = await transport.listen();
  const listener = tls.server === undefined ? plain : secureListener(plain, tls.server);
  const dialer = { dial: () => transport.dial(plain.address) };
  try {
    const accepted = firstValueFrom(listener.connection$);
    const dialed = tls.client === undefined ? dialer.dial() : secureDialer(dialer, tls.client).dial();
    const [client, server] = await Promise.all([dialed, accepted]);
    const dispose = async () => void (await Promise.all([client, server].map(destroyed)));
    return { client, server, dispose, [Symbol.asyncDispose]: dispose };
  } finally {
    await listener.close();
  }
}

async function destroyed(connection: Duplex): Promise<void> {
  if (connection.closed) return;
  await new Promise<void>((resolve) => {
    connection
      .on('error', () => {})
      .once('close', resolve)
      .destroy();
  });
}
